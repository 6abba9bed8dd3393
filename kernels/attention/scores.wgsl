// Attention scores of every query i for every key j, in each head:
//   plain:     s_ij = q_i · k_j / √width
//   RELATIVE:  s_ij = ((q_i + u) · k_j + (q_i + v) · p_{i-j}) / √width      (Dai et al., Transformer-XL, 2019)
// Row m of p belongs to the distance i - j = frames - 1 - m, so key j of query i reads row frames - 1 - i + j: the
// "shift" of other implementations is only this index. Each thread computes 4 queries x 4 keys in registers; the 16
// (query, key) pairs touch 7 rows of p.
const RELATIVE: bool = true;
struct Sizes { batch: u32, heads: u32, queries: u32, keys: u32, width: u32, scale: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> q: array<f32>;       // [batch, queries, heads, width]
@group(0) @binding(1) var<storage, read> k: array<f32>;       // [batch, keys, heads, width]
@group(0) @binding(2) var<storage, read> p: array<f32>;       // [2 frames - 1, heads, width]
@group(0) @binding(3) var<storage, read> u: array<f32>;       // [heads, width]
@group(0) @binding(4) var<storage, read> v: array<f32>;       // [heads, width]
@group(0) @binding(5) var<storage, read_write> scores: array<f32>; // [batch, heads, queries, keys]

fn p_row(row: i32) -> u32 {
  return u32(clamp(row, 0, i32(2u * sizes.keys) - 2));
}

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * 4u;
  let j = id.x * 4u;
  if (i >= sizes.queries || j >= sizes.keys) {
    return;
  }
  let b = id.z / sizes.heads;
  let h = id.z % sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let qi = (b * sizes.queries + min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(sizes.queries - 1u))) * dim + head;
  let kj = (b * sizes.keys + min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(sizes.keys - 1u))) * dim + head;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  if (RELATIVE) {
    let m = i32(sizes.keys) - 4 - i32(i) + i32(j); // the row of p for query i + 3 and key j
    let pa = vec4u(p_row(m), p_row(m + 1), p_row(m + 2), p_row(m + 3)) * dim + head;
    let pb = vec3u(p_row(m + 4), p_row(m + 5), p_row(m + 6)) * dim + head;
    for (var d = 0u; d < sizes.width; d++) {
      let kd = vec4f(k[kj.x + d], k[kj.y + d], k[kj.z + d], k[kj.w + d]);
      let qd = vec4f(q[qi.x + d], q[qi.y + d], q[qi.z + d], q[qi.w + d]);
      let p_low = vec4f(p[pa.x + d], p[pa.y + d], p[pa.z + d], p[pa.w + d]);
      let p_high = vec3f(p[pb.x + d], p[pb.y + d], p[pb.z + d]);
      let content = qd + u[head + d];
      let position = qd + v[head + d];
      s0 += content.x * kd + position.x * vec4f(p_low.w, p_high);
      s1 += content.y * kd + position.y * vec4f(p_low.zw, p_high.xy);
      s2 += content.z * kd + position.z * vec4f(p_low.yzw, p_high.x);
      s3 += content.w * kd + position.w * p_low;
    }
  } else {
    for (var d = 0u; d < sizes.width; d++) {
      let kd = vec4f(k[kj.x + d], k[kj.y + d], k[kj.z + d], k[kj.w + d]);
      let qd = vec4f(q[qi.x + d], q[qi.y + d], q[qi.z + d], q[qi.w + d]);
      s0 += qd.x * kd;
      s1 += qd.y * kd;
      s2 += qd.z * kd;
      s3 += qd.w * kd;
    }
  }
  store_row(id.z, i, j, s0);
  store_row(id.z, i + 1u, j, s1);
  store_row(id.z, i + 2u, j, s2);
  store_row(id.z, i + 3u, j, s3);
}

fn store_row(batch_head: u32, i: u32, j: u32, s: vec4f) {
  if (i >= sizes.queries) {
    return;
  }
  let start = (batch_head * sizes.queries + i) * sizes.keys + j;
  let scaled = s * sizes.scale;
  scores[start] = scaled.x;
  if (j + 1u < sizes.keys) {
    scores[start + 1u] = scaled.y;
  }
  if (j + 2u < sizes.keys) {
    scores[start + 2u] = scaled.z;
  }
  if (j + 3u < sizes.keys) {
    scores[start + 3u] = scaled.w;
  }
}
