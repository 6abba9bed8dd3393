// The gradient of h, given that of silu(h): silu' = σ + h · σ', σ' = e / (1 + e)² with e = exp(-|h|), as 1 - σ would cancel.
fn activation_backward(dy: real, h: real) -> real {
  if (!SILU) {
    return dy;
  }
  let e = exp(-abs(h));
  let r = 1.0 / (1.0 + e);
  return dy * r * (select(e, real(1.0), h >= real(0.0)) + h * e * r);
}
