/**
 * Probability that a standard normal variable is farther from 0 than z, in either direction:
 *
 *     p(z) = 2 (1 - Phi(|z|)) = erfc(x),  x = |z| / sqrt(2).
 *
 * erf by its Taylor series, and erfc by its continued fraction where 1 - erf would lose digits (Abramowitz & Stegun
 * 1964, 7.1.5 and 7.1.14); to a relative error of about 1e-12.
 */
export function twoTailed(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  if (x > 2) {
    let fraction = 0;
    for (let n = 100; n >= 1; n--) fraction = n / 2 / (x + fraction);
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
  }
  let term = x;
  let sum = x;
  for (let n = 1; n < 50; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return 1 - (2 / Math.sqrt(Math.PI)) * sum;
}
