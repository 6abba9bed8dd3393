// p to the power of q. WGSL's pow has no negative p, and drivers differ on 0; near 1 the logarithm of most drivers is inexact
// relative to its size, which does no harm in a product with q of moderate size.
fn power(p: f32, q: f32) -> f32 {
  if (q == 0.0 || p == 1.0) {
    return 1.0;
  }
  let whole = floor(q) == q;
  let odd = whole && abs(q) < 16777216.0 && (i32(q) & 1) != 0;
  if (p == 0.0) {
    let zero = select(abs(p), p, odd); // 0 or -0
    return select(zero, 1.0 / zero, q < 0.0);
  }
  if (p < 0.0 && !whole) {
    return sqrt(p); // NaN
  }
  let size = pow(abs(p), q);
  return select(size, -size, p < 0.0 && odd);
}
