// Attention in the registers of a subgroup: 4 x 4 matrices, and rows that shuffles pass around its LANES lanes.

fn outer(x: vec4f, rows: vec4f) -> mat4x4f {
  return mat4x4f(x * rows.x, x * rows.y, x * rows.z, x * rows.w);
}

// Elements first … first + 3 of a and b, joined.
fn window(a: vec4f, b: vec4f, first: u32) -> vec4f {
  switch (first) {
    case 0u: { return a; }
    case 1u: { return vec4f(a.yzw, b.x); }
    case 2u: { return vec4f(a.zw, b.xy); }
    case 3u: { return vec4f(a.w, b.xyz); }
    default: { return b; }
  }
}

// a and b hold 8 LANES consecutive numbers: the 4 LANES of them from `shift` on.
fn slide(a: vec4f, b: vec4f, shift: u32, lane: u32) -> vec4f {
  let first = shift / LANES;
  let step = shift % LANES;
  return subgroupShuffle(select(window(a, b, first), window(a, b, first + 1u), lane < step), (lane + step) % LANES);
}

// The columns of x without the first, then another one.
fn next_column(x: mat4x4f, last: vec4f) -> mat4x4f {
  return mat4x4f(x[1], x[2], x[3], last);
}

// Rows 4 n … 4 n + 3: position scores from the products of the previous tile and this one.
fn slide_rows(previous: mat4x4f, current: mat4x4f, n: u32, lane: u32) -> mat4x4f {
  let shift = 4u * LANES - 1u - 4u * n;
  return mat4x4f(
    slide(previous[0], current[0], shift, lane), slide(previous[1], current[1], shift - 1u, lane),
    slide(previous[2], current[2], shift - 2u, lane), slide(previous[3], current[3], shift - 3u, lane));
}
