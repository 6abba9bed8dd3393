// dq_i = Σ_j ds_ij · k_j and, if RELATIVE, the same through the positions, Σ_j ds_ij · p_{i-j}. They are kept apart,
// because the first summed over all queries is du and the second dv. Each thread: 4 queries x 4 features. The positions
// slide: what query i + n reads at key j, query i + n + 1 reads at key j + 1.
const RELATIVE: bool = true;
struct Sizes { batch: u32, heads: u32, queries: u32, keys: u32, width: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> ds: array<f32>; // [batch, heads, queries, keys]
@group(0) @binding(1) var<storage, read> k: array<f32>;  // [batch, keys, heads, width]
@group(0) @binding(2) var<storage, read> p: array<f32>;  // [2 frames - 1, heads, width]
@group(0) @binding(3) var<storage, read_write> dcontent: array<f32>;  // [batch, queries, heads, width]
@group(0) @binding(4) var<storage, read_write> dposition: array<f32>; // the same shape, if RELATIVE

// The position of key j for query i, where i may be beyond the last query.
fn p_at(i: u32, j: u32, columns: vec4u) -> vec4f {
  let row = u32(max(i32(sizes.keys + j) - 1 - i32(i), 0));
  let at = row * sizes.heads * sizes.width + columns;
  return vec4f(p[at.x], p[at.y], p[at.z], p[at.w]);
}

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
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  var p0 = vec4f();
  var p1 = vec4f();
  var p2 = vec4f();
  var p3 = vec4f();
  var r0 = vec4f(); // the positions of one key for queries i, …, i + 3; first those of the key before key 0
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  if (RELATIVE) {
    r0 = p_at(i + 1u, 0u, columns);
    r1 = p_at(i + 2u, 0u, columns);
    r2 = p_at(i + 3u, 0u, columns);
  }
  for (var j = 0u; j < sizes.keys; j++) {
    let at = (b * sizes.keys + j) * dim + columns;
    let x = vec4f(k[at.x], k[at.y], k[at.z], k[at.w]);
    let s = vec4f(ds[rows.x + j], ds[rows.y + j], ds[rows.z + j], ds[rows.w + j]);
    c0 += s.x * x;
    c1 += s.y * x;
    c2 += s.z * x;
    c3 += s.w * x;
    if (RELATIVE) {
      r3 = r2;
      r2 = r1;
      r1 = r0;
      r0 = p_at(i, j, columns);
      p0 += s.x * r0;
      p1 += s.y * r1;
      p2 += s.z * r2;
      p3 += s.w * r3;
    }
  }
  store_row(b, i, head, d, c0, p0);
  store_row(b, i + 1u, head, d, c1, p1);
  store_row(b, i + 2u, head, d, c2, p2);
  store_row(b, i + 3u, head, d, c3, p3);
}

fn store_row(b: u32, i: u32, head: u32, d: u32, content: vec4f, position: vec4f) {
  if (i >= sizes.queries) {
    return;
  }
  let start = (b * sizes.queries + i) * sizes.heads * sizes.width + head + d;
  for (var n = 0u; n < min(4u, sizes.width - d); n++) {
    dcontent[start + n] = content[n];
    if (RELATIVE) {
      dposition[start + n] = position[n];
    }
  }
}
