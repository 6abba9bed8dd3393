// Layer norm, backward to x, and to scale and shift for a chunk of rows, in one kernel: with x̂ = (x - mean) · rstd and
// g = dy · scale,
//   dx = rstd · (g - mean(g) - x̂ · mean(g · x̂)),   dscale = Σ_rows dy · x̂,   dshift = Σ_rows dy.
// With SILU, dy · silu'(x̂ · scale + shift) replaces dy, computed from x in both passes below.
// First each subgroup walks along two rows and computes the two means of each; then each thread walks down four columns
// of the chunk, writes dx and keeps the columns' sums in registers. Bytes that must move: x and dy read, dx
// written. A chunk's x and dy are read twice, but the second time from a cache, and the partial sums add 2 / chunk.
// Predicted for an H200, forward and backward of 65,536 rows of 1,024: 50 to 65 % of the bandwidth, since a chunk of 32 rows has
// left the cache by the second read; a chunk of 4 would not have, but would leave eight times as many sums to add.
// CPU milliseconds of forward and backward, [800, 256] on lavapipe (SwiftShader): with backward_input.wgsl and backward_params.wgsl
// 3.2 (18.0), with this 2.2 (11.7).
// silu adds arithmetic but no bytes; a separate kernel would read its argument and dy and write the argument's
// gradient. Forward and backward, [3200, 256] on lavapipe: separate silu 15.0, fused 11.3, no silu 8.9.
// Two stages, because WGSL has no float atomics; so the sums are also the same every time.
enable subgroups;
requires subgroup_id;
const SILU: bool = false; // after the norm
const MOST_ROWS: u32 = 32u; // of a chunk
alias x_type = f32;
alias dy_type = f32;
struct Sizes { rows: u32, cols: u32, chunk: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4<x_type>>;        // [rows, cols]
@group(0) @binding(1) var<storage, read> scale: array<vec4f>;           // [cols]
@group(0) @binding(2) var<storage, read> shift: array<vec4f>;           // [cols]
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;           // [rows, 2]
@group(0) @binding(4) var<storage, read> dy: array<vec4<dy_type>>;      // [rows, cols]
@group(0) @binding(5) var<storage, read_write> dx: array<vec4<x_type>>; // [rows, cols]
@group(0) @binding(6) var<storage, read_write> partial: array<vec4f>;   // [chunks, 2 cols]: dscale, dshift
var<workgroup> terms: array<vec4f, MOST_ROWS>; // mean, rstd, mean(g), mean(g · x̂) of each row

alias real = vec4f;
// include parts/silu_backward.wgsl

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let quads = sizes.cols / 4u;
  let chunk = group.x + group.y * groups.x;
  let start = chunk * sizes.chunk;
  if (start >= sizes.rows) { // excess workgroups of the last row of the grid
    return;
  }
  let count = min(sizes.chunk, sizes.rows - start);
  for (var first = 0u; first < count; first += 2u * subgroups) {
    let row = first + 2u * subgroup;
    let a = (start + min(row, count - 1u)) * quads;
    let b = (start + min(row + 1u, count - 1u)) * quads;
    let stats_a = stats[start + min(row, count - 1u)];
    let stats_b = stats[start + min(row + 1u, count - 1u)];
    var sum_g_a = vec4f(0.0);
    var sum_g_b = vec4f(0.0);
    var sum_gx_a = vec4f(0.0);
    var sum_gx_b = vec4f(0.0);
    for (var col = lane; col < quads; col += lanes) {
      let factor = scale[col];
      let offset = shift[col];
      let d_a = vec4f(x[a + col]) - stats_a.x;
      let d_b = vec4f(x[b + col]) - stats_b.x;
      let g_a = activation_backward(vec4f(dy[a + col]), d_a * stats_a.y * factor + offset) * factor;
      let g_b = activation_backward(vec4f(dy[b + col]), d_b * stats_b.y * factor + offset) * factor;
      sum_g_a += g_a;
      sum_g_b += g_b;
      sum_gx_a += g_a * d_a;
      sum_gx_b += g_b * d_b;
    }
    let means_a = subgroupAdd(vec2f(dot(sum_g_a, vec4f(1.0)), dot(sum_gx_a, vec4f(stats_a.y)))) / f32(sizes.cols);
    let means_b = subgroupAdd(vec2f(dot(sum_g_b, vec4f(1.0)), dot(sum_gx_b, vec4f(stats_b.y)))) / f32(sizes.cols);
    if (lane == 0u && row < count) {
      terms[row] = vec4f(stats_a, means_a);
      if (row + 1u < count) {
        terms[row + 1u] = vec4f(stats_b, means_b);
      }
    }
  }
  workgroupBarrier();
  for (var col = local; col < quads; col += 64u) {
    let factor = scale[col];
    let offset = shift[col];
    var dscale = vec4f(0.0);
    var dshift = vec4f(0.0);
    for (var row = 0u; row < count; row++) {
      let at = (start + row) * quads + col;
      let term = terms[row];
      let x_hat = (vec4f(x[at]) - term.x) * term.y;
      let dh = activation_backward(vec4f(dy[at]), x_hat * factor + offset);
      dscale += dh * x_hat;
      dshift += dh;
      dx[at] = vec4<x_type>(term.y * (dh * factor - term.z - x_hat * term.w));
    }
    partial[2u * chunk * quads + col] = dscale;
    partial[(2u * chunk + 1u) * quads + col] = dshift;
  }
}
