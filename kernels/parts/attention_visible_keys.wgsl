// Which of four keys query i sees; both may be beyond the last.
fn visible(mask_start: u32, i: u32, j: vec4u) -> vec4<bool> {
  var seen = j < vec4u(sizes.keys);
  if (sizes.causal != 0u) {
    seen &= j <= vec4u(i);
  }
  if (sizes.masked != 0u) {
    let at = mask_start + min(i, sizes.queries - 1u) * sizes.mask_query + min(j, vec4u(sizes.keys - 1u));
    seen &= vec4u(mask[at.x], mask[at.y], mask[at.z], mask[at.w]) != vec4u();
  }
  return seen;
}
