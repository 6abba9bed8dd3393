// The activation of a product's sums; `real` stands for f32 or vec4f. NaN stays NaN, which a GPU's max and clamp do not ensure.
// include parts/normal_cdf.wgsl

// The exponent is never positive.
fn sigmoid(x: real) -> real {
  let e = exp(-abs(x));
  return select(e, real(1.0), x >= real(0.0)) / (1.0 + e);
}

fn activation(x: real) -> real {
  switch (ACTIVATION) {
    case 1u: { return select(x, real(0.0), x <= real(0.0)); }
    case 2u: { return x * sigmoid(x); }
    case 3u: { return x * normal_cdf(x); }
    case 4u: { return sigmoid(x); }
    case 5u: { return select(x, tanh(clamp(x, real(-15.0), real(15.0))), abs(x) >= real(0.0)); }
    default: { return x; }
  }
}
