// p to the power of q. Small whole powers are products, so that squares and cubes are as exact as those. WGSL's pow has no negative p,
// and drivers differ on 0.
fn power(p: f32, q: f32) -> f32 {
  let whole = floor(q) == q;
  if (whole && abs(q) <= 16.0) {
    var product = 1.0;
    var factor = p;
    for (var n = u32(abs(q)); n != 0u; n /= 2u) {
      if (n % 2u == 1u) {
        product *= factor;
      }
      factor *= factor;
    }
    return select(product, 1.0 / product, q < 0.0);
  }
  let odd = whole && abs(q) < 16777216.0 && (i32(q) & 1) != 0;
  if (p == 0.0) {
    let zero = select(abs(p), p, odd); // 0 or -0
    return select(zero, 1.0 / zero, q < 0.0);
  }
  if (p == 1.0) {
    return 1.0;
  }
  if (p < 0.0 && !whole) {
    return sqrt(p); // NaN
  }
  let size = pow(abs(p), q);
  return select(size, -size, p < 0.0 && odd);
}
