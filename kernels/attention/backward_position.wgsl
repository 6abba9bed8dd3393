// dp_m = Σ_{b, i} ds_ij · (q_i + v) with j = i + m - (frames - 1): the positions are shared by the whole batch.
// Each thread: 4 rows x 4 features; row m + n of query i reads the neighbouring key j + n.
struct Sizes { batch: u32, heads: u32, frames: u32, width: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> ds: array<f32>; // [batch, heads, frames, frames]
@group(0) @binding(1) var<storage, read> q: array<f32>;  // [batch, frames, heads, width]
@group(0) @binding(2) var<storage, read> v: array<f32>;  // [heads, width]
@group(0) @binding(3) var<storage, read_write> dp: array<f32>; // [2 frames - 1, heads, width]

fn ds_at(row: u32, j: i32) -> f32 {
  if (j < 0 || j >= i32(sizes.frames)) {
    return 0.0;
  }
  return ds[row + u32(j)];
}

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let d = id.x * 4u;
  let m = id.y * 4u;
  let h = id.z;
  let rows = 2u * sizes.frames - 1u;
  if (d >= sizes.width || m >= rows) {
    return;
  }
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let columns = head + min(vec4u(d, d + 1u, d + 2u, d + 3u), vec4u(sizes.width - 1u));
  let bias = vec4f(v[columns.x], v[columns.y], v[columns.z], v[columns.w]);
  // Queries for which any of the four rows has a key: 0 <= i + m + n - (frames - 1) < frames.
  let shift = i32(m) - i32(sizes.frames) + 1;
  let first = u32(max(0, -shift - 3));
  let end = u32(clamp(i32(sizes.frames) - shift, 0, i32(sizes.frames)));
  var p0 = vec4f();
  var p1 = vec4f();
  var p2 = vec4f();
  var p3 = vec4f();
  for (var b = 0u; b < sizes.batch; b++) {
    for (var i = first; i < end; i++) {
      let at = (b * sizes.frames + i) * dim + columns;
      let x = vec4f(q[at.x], q[at.y], q[at.z], q[at.w]) + bias;
      let row = ((b * sizes.heads + h) * sizes.frames + i) * sizes.frames;
      let j = i32(i) + shift;
      p0 += ds_at(row, j) * x;
      p1 += ds_at(row, j + 1) * x;
      p2 += ds_at(row, j + 2) * x;
      p3 += ds_at(row, j + 3) * x;
    }
  }
  store_row(m, head, d, p0);
  store_row(m + 1u, head, d, p1);
  store_row(m + 2u, head, d, p2);
  store_row(m + 3u, head, d, p3);
}

fn store_row(m: u32, head: u32, d: u32, x: vec4f) {
  if (m >= 2u * sizes.frames - 1u) {
    return;
  }
  for (var n = 0u; n < min(4u, sizes.width - d); n++) {
    dp[m * sizes.heads * sizes.width + head + d + n] = x[n];
  }
}
