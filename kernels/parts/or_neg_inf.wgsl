// x, or -∞ where not `keep`. By its bits: compilers may assume that no number is infinite.
fn or_neg_inf(x: f32, keep: bool) -> f32 {
  return bitcast<f32>(select(0xff800000u, bitcast<u32>(x), keep));
}
