// dk_j = Σ_i ds_ij · (q_i + u)  and  dvalue_j = Σ_i w_ij · dy_i. Each thread: 4 keys x 4 features.
const RELATIVE: bool = true;
struct Sizes { batch: u32, heads: u32, queries: u32, keys: u32, width: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> ds: array<f32>;      // [batch, heads, queries, keys]
@group(0) @binding(1) var<storage, read> weights: array<f32>; // [batch, heads, queries, keys]
@group(0) @binding(2) var<storage, read> q: array<f32>;       // [batch, queries, heads, width]
@group(0) @binding(3) var<storage, read> u: array<f32>;       // [heads, width], if RELATIVE
@group(0) @binding(4) var<storage, read> dy: array<f32>;      // [batch, queries, heads, width]
@group(0) @binding(5) var<storage, read_write> dk: array<f32>;     // [batch, keys, heads, width]
@group(0) @binding(6) var<storage, read_write> dvalue: array<f32>; // [batch, keys, heads, width]

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let d = id.x * 4u;
  let j = id.y * 4u;
  if (d >= sizes.width || j >= sizes.keys) {
    return;
  }
  let b = id.z / sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = (id.z % sizes.heads) * sizes.width;
  let keys = min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(sizes.keys - 1u));
  let columns = head + min(vec4u(d, d + 1u, d + 2u, d + 3u), vec4u(sizes.width - 1u));
  var bias = vec4f();
  if (RELATIVE) {
    bias = vec4f(u[columns.x], u[columns.y], u[columns.z], u[columns.w]);
  }
  var k0 = vec4f();
  var k1 = vec4f();
  var k2 = vec4f();
  var k3 = vec4f();
  var v0 = vec4f();
  var v1 = vec4f();
  var v2 = vec4f();
  var v3 = vec4f();
  for (var i = 0u; i < sizes.queries; i++) {
    let at = (b * sizes.queries + i) * dim + columns;
    let row = (id.z * sizes.queries + i) * sizes.keys + keys;
    let x = vec4f(q[at.x], q[at.y], q[at.z], q[at.w]) + bias;
    let g = vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
    k0 += ds[row.x] * x;
    k1 += ds[row.y] * x;
    k2 += ds[row.z] * x;
    k3 += ds[row.w] * x;
    v0 += weights[row.x] * g;
    v1 += weights[row.y] * g;
    v2 += weights[row.z] * g;
    v3 += weights[row.w] * g;
  }
  store_row(b, j, head, d, k0, v0);
  store_row(b, j + 1u, head, d, k1, v1);
  store_row(b, j + 2u, head, d, k2, v2);
  store_row(b, j + 3u, head, d, k3, v3);
}

fn store_row(b: u32, j: u32, head: u32, d: u32, key: vec4f, x: vec4f) {
  if (j >= sizes.keys) {
    return;
  }
  let start = (b * sizes.keys + j) * sizes.heads * sizes.width + head + d;
  for (var n = 0u; n < min(4u, sizes.width - d); n++) {
    dk[start + n] = key[n];
    dvalue[start + n] = x[n];
  }
}
