/**
 * The roofline model (Williams, Waterman and Patterson, 2009): work of f operations and b bytes takes at least
 *   max(f / peak, b / bandwidth),
 * so that at an intensity of i = f / b operations a byte no kernel is faster than min(peak, i · bandwidth).
 */
export interface Roof {
  /** Bytes read and bytes written, together. */
  readonly gigabytesPerSecond: number;
  /** A multiply-add is two operations. */
  readonly gflopsPerSecond: number;
}

export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

/** Operations a byte; 0 for work without arithmetic. */
export const intensityOf = ({ flops, bytes }: Work): number => flops / bytes;

/** GFLOP/s that work of this intensity reaches at most. */
export const boundAt = (intensity: number, { gigabytesPerSecond, gflopsPerSecond }: Roof): number =>
  Math.min(gflopsPerSecond, intensity * gigabytesPerSecond);

/** The intensity from which on arithmetic is the bound, not memory. */
export const ridgeOf = ({ gigabytesPerSecond, gflopsPerSecond }: Roof): number => gflopsPerSecond / gigabytesPerSecond;

/** Milliseconds that the work takes at least. */
export const leastMs = ({ flops, bytes }: Work, { gigabytesPerSecond, gflopsPerSecond }: Roof): number =>
  Math.max(flops / gflopsPerSecond, bytes / gigabytesPerSecond) / 1e6;

/** The share of the roof that is reached by doing the work in so many milliseconds: of the peak, or of the bandwidth. */
export const shareOfRoof = (work: Work, ms: number, roof: Roof): number => leastMs(work, roof) / ms;

export const boundOf = (work: Work, roof: Roof): "memory" | "arithmetic" =>
  intensityOf(work) < ridgeOf(roof) ? "memory" : "arithmetic";
