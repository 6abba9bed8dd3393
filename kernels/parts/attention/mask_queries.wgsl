// Which of four queries may attend to key j. Either index may be out of range.
fn unmasked(mask_start: u32, i: vec4u, j: u32) -> vec4<bool> {
  var keep = (i < vec4u(sizes.queries)) & vec4<bool>(j < sizes.keys);
  if (sizes.causal != 0u) {
    keep &= vec4u(j) <= i;
  }
  if (sizes.masked != 0u) {
    let at = mask_start + min(i, vec4u(sizes.queries - 1u)) * sizes.mask_query + min(j, sizes.keys - 1u);
    keep &= vec4u(mask[at.x], mask[at.y], mask[at.z], mask[at.w]) != vec4u();
  }
  return keep;
}
