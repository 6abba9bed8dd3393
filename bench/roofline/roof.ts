/**
 * The roofline model (Williams, Waterman and Patterson, 2009): work of f operations and b bytes takes at least
 *   max(f / peak, b / bandwidth),
 * so that at an intensity of i = f / b operations per byte no kernel is faster than min(peak, i · bandwidth).
 */
export interface Roof {
  /** Bytes read plus bytes written. */
  readonly gigabytesPerSecond: number;
  /** A multiply-add is two operations. */
  readonly gflopsPerSecond: number;
}

export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

/** Operations per byte; 0 for work without arithmetic. */
export const intensityOf = ({ flops, bytes }: Work): number => flops / bytes;

/** The most GFLOP/s that work of this intensity can reach. */
export const boundAt = (intensity: number, { gigabytesPerSecond, gflopsPerSecond }: Roof): number =>
  Math.min(gflopsPerSecond, intensity * gigabytesPerSecond);

/** The ridge point: the intensity above which arithmetic is the bound, not memory. */
export const ridgeOf = ({ gigabytesPerSecond, gflopsPerSecond }: Roof): number => gflopsPerSecond / gigabytesPerSecond;

/** The least milliseconds that the work takes. */
export const leastMs = ({ flops, bytes }: Work, { gigabytesPerSecond, gflopsPerSecond }: Roof): number =>
  Math.max(flops / gflopsPerSecond, bytes / gigabytesPerSecond) / 1e6;

/** The share of the roof, peak or bandwidth, reached by doing the work in this many milliseconds. */
export const shareOfRoof = (work: Work, ms: number, roof: Roof): number => leastMs(work, roof) / ms;

export const boundOf = (work: Work, roof: Roof): "memory" | "arithmetic" =>
  intensityOf(work) < ridgeOf(roof) ? "memory" : "arithmetic";
