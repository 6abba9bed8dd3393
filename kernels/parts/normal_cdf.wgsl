// Φ(x), the normal distribution function, by Abramowitz and Stegun 7.1.26: absolute error below 1e-7.
fn normal_cdf(x: real) -> real {
  let z = min(abs(x) * 0.70710678, real(9.0));
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  let tail = 0.5 * polynomial * exp(-z * z);
  return select(tail, 1.0 - tail, x > real(0.0));
}
