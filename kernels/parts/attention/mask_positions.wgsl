// Which of four queries have a key at row m of p and may attend to it.
fn unmasked(mask_start: u32, i: vec4u, m: u32) -> vec4<bool> {
  let j = vec4i(i + m) - (i32(sizes.keys) - 1);
  var keep = (i < vec4u(sizes.keys)) & (j >= vec4i(0)) & (j < vec4i(i32(sizes.keys)));
  if (sizes.causal != 0u) {
    keep &= vec4<bool>(m < sizes.keys);
  }
  if (sizes.masked != 0u) {
    let key = vec4u(clamp(j, vec4i(0), vec4i(i32(sizes.keys) - 1)));
    let at = mask_start + min(i, vec4u(sizes.keys - 1u)) * sizes.mask_query + key;
    keep &= vec4u(mask[at.x], mask[at.y], mask[at.z], mask[at.w]) != vec4u();
  }
  return keep;
}
