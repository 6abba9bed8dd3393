// From dy to the gradient of the unscaled scores, through the weighted sum and the softmax:
//   ds_ij = w_ij · (dy_i · value_j - dy_i · y_i) / √width,
// because Σ_j w_ij (dy_i · value_j) = dy_i · y_i. Each thread computes 4 queries x 4 keys.
struct Sizes { batch: u32, heads: u32, queries: u32, keys: u32, width: u32, scale: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weights: array<f32>; // [batch, heads, queries, keys]
@group(0) @binding(1) var<storage, read> value: array<f32>;   // [batch, keys, heads, width]
@group(0) @binding(2) var<storage, read> y: array<f32>;       // [batch, queries, heads, width]
@group(0) @binding(3) var<storage, read> dy: array<f32>;      // [batch, queries, heads, width]
@group(0) @binding(4) var<storage, read_write> ds: array<f32>; // [batch, heads, queries, keys]

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x * 4u;
  let i = id.y * 4u;
  if (i >= sizes.queries || j >= sizes.keys) {
    return;
  }
  let b = id.z / sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = (id.z % sizes.heads) * sizes.width;
  let qi = (b * sizes.queries + min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(sizes.queries - 1u))) * dim + head;
  let kj = (b * sizes.keys + min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(sizes.keys - 1u))) * dim + head;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var dots = vec4f(); // dy_i · y_i
  for (var d = 0u; d < sizes.width; d++) {
    let x = vec4f(value[kj.x + d], value[kj.y + d], value[kj.z + d], value[kj.w + d]);
    let g = vec4f(dy[qi.x + d], dy[qi.y + d], dy[qi.z + d], dy[qi.w + d]);
    dots += g * vec4f(y[qi.x + d], y[qi.y + d], y[qi.z + d], y[qi.w + d]);
    s0 += g.x * x;
    s1 += g.y * x;
    s2 += g.z * x;
    s3 += g.w * x;
  }
  store_row(id.z, i, j, s0 - dots.x);
  store_row(id.z, i + 1u, j, s1 - dots.y);
  store_row(id.z, i + 2u, j, s2 - dots.z);
  store_row(id.z, i + 3u, j, s3 - dots.w);
}

fn store_row(batch_head: u32, i: u32, j: u32, s: vec4f) {
  if (i >= sizes.queries) {
    return;
  }
  let start = (batch_head * sizes.queries + i) * sizes.keys + j;
  for (var n = 0u; n < min(4u, sizes.keys - j); n++) {
    ds[start + n] = weights[start + n] * s[n] * sizes.scale;
  }
}
