// 1 / (1 + e⁻ᵛ) with an exponent that is never positive.
fn sigmoid(v: f32) -> f32 {
  let e = exp(-abs(v));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
}

// Φ(v), the normal distribution function, from erfc as in Press et al., Numerical Recipes (2nd ed.), section 6.2: the
// relative error is below 1.2e-7 everywhere, also in the lower tail. Beyond 20 it vanishes in f32.
fn normal_cdf(v: f32) -> f32 {
  let z = min(abs(v), 20.0) * 0.70710678;
  let t = 1.0 / (1.0 + 0.5 * z);
  let series = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
    + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let tail = 0.5 * t * exp(series - z * z);
  return select(tail, 1.0 - tail, v >= 0.0);
}
