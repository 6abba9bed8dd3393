/**
 * Kaldi's default window [length]: a Hann window over length - 1 intervals to the power 0.85, which like a Hann
 * window reaches zero at both ends but keeps more of the frame.
 */
export function poveyWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (length - 1))) ** 0.85);
}
