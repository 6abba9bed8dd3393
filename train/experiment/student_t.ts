/**
 * Two-sided p-value of "the mean is 0" by Student's one-sample t-test; on paired differences this is the paired test. It
 * asks how many standard errors the mean is from 0, t = mean / (deviation / √n), even with n as small as three seeds. 0
 * if all values are equal.
 *
 * @param values two or more
 * @throws RangeError for fewer, which have no deviation
 */
export function oneSampleT(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) throw new RangeError(`oneSampleT: got ${n} values, expected two or more`);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (mean === 0) return 1;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return twoTails(Math.abs(mean) / Math.sqrt(variance / n), n - 1);
}

/**
 * The probability that a t-distributed number with this many degrees of freedom, a whole number, is further from 0 than
 * t: a finite sum (Abramowitz and Stegun 1964, equations 26.7.3 and 26.7.4, with θ = atan(t / √freedom)),
 *
 *     freedom even:  1 - sin θ (1 + 1/2 cos² θ + (1·3)/(2·4) cos⁴ θ + ... up to cos^(freedom - 2))
 *     freedom odd:   1 - 2/π (θ + sin θ (cos θ + 2/3 cos³ θ + (2·4)/(3·5) cos⁵ θ + ... up to cos^(freedom - 2)))
 */
export function twoTails(t: number, freedom: number): number {
  const angle = Math.atan2(t, Math.sqrt(freedom));
  const odd = freedom % 2;
  let [term, sum] = [odd === 1 ? Math.cos(angle) : 1, 0];
  for (let power = odd; power <= freedom - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * Math.cos(angle) ** 2;
  }
  const inside = odd === 1 ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return Math.max(0, 1 - inside);
}
