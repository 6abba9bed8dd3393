// y_i = Σ_j weights_ij · value_j. Each thread computes 4 queries x 4 features of one head.
struct Sizes { batch: u32, heads: u32, queries: u32, keys: u32, width: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weights: array<f32>; // [batch, heads, queries, keys]
@group(0) @binding(1) var<storage, read> value: array<f32>;   // [batch, keys, heads, width]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [batch, queries, heads, width]

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let d = id.x * 4u;
  let i = id.y * 4u;
  if (d >= sizes.width || i >= sizes.queries) {
    return;
  }
  let b = id.z / sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = (id.z % sizes.heads) * sizes.width;
  let rows = (id.z * sizes.queries + min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(sizes.queries - 1u))) * sizes.keys;
  let columns = head + min(vec4u(d, d + 1u, d + 2u, d + 3u), vec4u(sizes.width - 1u));
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  for (var j = 0u; j < sizes.keys; j++) {
    let at = (b * sizes.keys + j) * dim + columns;
    let x = vec4f(value[at.x], value[at.y], value[at.z], value[at.w]);
    y0 += weights[rows.x + j] * x;
    y1 += weights[rows.y + j] * x;
    y2 += weights[rows.z + j] * x;
    y3 += weights[rows.w + j] * x;
  }
  store_row(b, i, head, d, y0);
  store_row(b, i + 1u, head, d, y1);
  store_row(b, i + 2u, head, d, y2);
  store_row(b, i + 3u, head, d, y3);
}

fn store_row(b: u32, i: u32, head: u32, d: u32, x: vec4f) {
  if (i >= sizes.queries) {
    return;
  }
  let start = (b * sizes.queries + i) * sizes.heads * sizes.width + head + d;
  for (var n = 0u; n < min(4u, sizes.width - d); n++) {
    y[start + n] = x[n];
  }
}
