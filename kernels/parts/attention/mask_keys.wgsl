// Which of four keys query i may attend to. Either index may be out of range.
fn unmasked(mask_start: u32, i: u32, j: vec4u) -> vec4<bool> {
  var keep = j < vec4u(sizes.keys);
  if (sizes.causal != 0u) {
    keep &= j <= vec4u(i);
  }
  if (sizes.masked != 0u) {
    let at = mask_start + min(i, sizes.queries - 1u) * sizes.mask_query + min(j, vec4u(sizes.keys - 1u));
    keep &= vec4u(mask[at.x], mask[at.y], mask[at.z], mask[at.w]) != vec4u();
  }
  return keep;
}
