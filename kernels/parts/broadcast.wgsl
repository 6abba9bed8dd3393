// The indices of both operands for element i of the result.
fn operand_indices(i: u32) -> vec2u {
  if (LAYOUT == 0u) {
    return vec2u(i, i);
  }
  if (LAYOUT == 1u) {
    return vec2u(i % sizes.a_count, i % sizes.b_count);
  }
  let c3 = i % sizes.n3;
  let c2 = (i / sizes.n3) % sizes.n2;
  let c1 = (i / (sizes.n3 * sizes.n2)) % sizes.n1;
  let c0 = i / (sizes.n3 * sizes.n2 * sizes.n1);
  return vec2u(
    c0 * sizes.a0 + c1 * sizes.a1 + c2 * sizes.a2 + c3 * sizes.a3,
    c0 * sizes.b0 + c1 * sizes.b1 + c2 * sizes.b2 + c3 * sizes.b3,
  );
}
