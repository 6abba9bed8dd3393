// silu(h) = h · σ(h), σ(h) = 1 / (1 + e⁻ʰ), with an exponent that is never positive.
fn activate(h: real) -> real {
  if (!SILU) {
    return h;
  }
  let e = exp(-abs(h));
  return h * select(e, real(1.0), h >= real(0.0)) / (1.0 + e);
}
