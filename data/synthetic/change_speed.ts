/** Zero crossings of the sinc on each side of its centre, and table entries per zero crossing. */
const CROSSINGS = 10;
const ENTRIES = 512;

/** Half of a Hann-windowed sinc, `sinc(t) cos^2(pi t / (2 CROSSINGS))`, with a zero at its end for interpolation. */
const KERNEL = Float64Array.from({ length: CROSSINGS * ENTRIES + 2 }, (_, i) => {
  const t = Math.PI * Math.min(i / ENTRIES, CROSSINGS);
  return t === 0 ? 1 : (Math.sin(t) / t) * Math.cos(t / (2 * CROSSINGS)) ** 2;
});

/**
 * Band-limited interpolation: reads the signal at positions `0, step, 2 step, ...`,
 *
 *     y[m] = sum_n  c x[n] kernel(c |m step - n|),   c = min(1, 1 / step)
 *
 * where the cut-off `c` avoids aliasing if `step > 1`. Every utterance has its own real-valued step, so the kernel is a
 * table with linear interpolation rather than one filter per pair of integer rates (as for reading files at another
 * rate). J. O. Smith, "Digital Audio Resampling".
 *
 * @param step input samples per output sample: speed * (input rate) / (output rate)
 * @returns ceil(length / step) samples
 */
export function changeSpeed(x: Float32Array, step: number): Float32Array {
  const y = new Float32Array(Math.ceil(x.length / step));
  const cutoff = Math.min(1, 1 / step);
  const reach = CROSSINGS / cutoff;
  for (let m = 0; m < y.length; m++) {
    const centre = m * step;
    const last = Math.min(x.length - 1, Math.floor(centre + reach));
    let sum = 0;
    for (let n = Math.max(0, Math.ceil(centre - reach)); n <= last; n++) {
      const position = ENTRIES * cutoff * Math.abs(centre - n);
      const entry = Math.floor(position);
      sum += x[n]! * (KERNEL[entry]! + (position - entry) * (KERNEL[entry + 1]! - KERNEL[entry]!));
    }
    y[m] = cutoff * sum;
  }
  return y;
}
