// Layer norm, forward: a subgroup of any width takes two rows at a time, four neighbouring columns per lane.
//   mean = pivot + Σ d / n,   variance = Σ d² / n - (Σ d / n)²,   d = x - pivot,   y = (x - mean) / √(variance + ε) · scale + shift
// One pass for both sums. Without the pivot their difference would cancel for rows far from zero. The pivot is a value of the row,
// so (pivot - mean)² is at most (n - 1) · variance, and the difference loses at most a factor n of f32's precision.
// CPU milliseconds, [3200, 256] on lavapipe (SwiftShader); copying x to y takes 1.1 (10.5):
//   one thread per row, a pass each for mean, variance and y                                 4.5 (33)
//   lanes along the columns, one column each: no gain, as a CPU's driver loads lane by lane  4.5 (33)
//   four columns per lane: a load brings four values                                         2.8 (19)
//   both sums in one pass                                                                    2.4 (14)
//   two rows at a time: scale and shift are loaded once for both                             2.1 (11)
// Bytes that must move: x read, y written, with or without silu. A separate silu kernel would read y and write it again:
// 4.8, fused 2.4 (lavapipe).
// On a GPU the loads are coalesced, and the first-level cache serves the second pass. Predicted for an H200: 75 to 85 % of the
// bandwidth for 65,536 rows of 1,024; a small one, 3,968 x 256, takes as long as its launch, 3 to 8 us.
enable subgroups;
requires subgroup_id;
const SILU: bool = false; // after the norm
alias x_type = f32;
alias y_type = f32;
struct Sizes { rows: u32, eps: f32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4<x_type>>;       // [rows, cols]
@group(0) @binding(1) var<storage, read> scale: array<vec4f>;          // [cols]
@group(0) @binding(2) var<storage, read> shift: array<vec4f>;          // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<y_type>>; // [rows, cols]
@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>;    // [rows, 2]: mean, 1 / standard deviation

// Mean and 1 / standard deviation from the lanes' sums of d and d².
fn statistics(pivot: f32, sum: vec4f, squares: vec4f) -> vec2f {
  let mean = subgroupAdd(dot(sum, vec4f(1.0))) / f32(sizes.cols);
  let square = subgroupAdd(dot(squares, vec4f(1.0))) / f32(sizes.cols);
  return vec2f(pivot + mean, inverseSqrt(max(square - mean * mean, 0.0) + sizes.eps));
}

alias real = vec4f;
// include parts/silu.wgsl

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let quads = sizes.cols / 4u;
  for (var first = group.x * 2u * subgroups; first < sizes.rows; first += groups.x * 2u * subgroups) {
    // Subgroups past the end repeat the last row, so that all lanes take part in the reductions.
    let row_a = min(first + 2u * subgroup, sizes.rows - 1u);
    let row_b = min(row_a + 1u, sizes.rows - 1u);
    let a = row_a * quads;
    let b = row_b * quads;
    let pivot_a = f32(x[a].x);
    let pivot_b = f32(x[b].x);
    var sum_a = vec4f(0.0);
    var sum_b = vec4f(0.0);
    var squares_a = vec4f(0.0);
    var squares_b = vec4f(0.0);
    for (var col = lane; col < quads; col += lanes) {
      let d_a = vec4f(x[a + col]) - pivot_a;
      let d_b = vec4f(x[b + col]) - pivot_b;
      sum_a += d_a;
      sum_b += d_b;
      squares_a += d_a * d_a;
      squares_b += d_b * d_b;
    }
    let stats_a = statistics(pivot_a, sum_a, squares_a);
    let stats_b = statistics(pivot_b, sum_b, squares_b);
    for (var col = lane; col < quads; col += lanes) {
      let factor = scale[col];
      let offset = shift[col];
      y[a + col] = vec4<y_type>(activate((vec4f(x[a + col]) - stats_a.x) * stats_a.y * factor + offset));
      y[b + col] = vec4<y_type>(activate((vec4f(x[b + col]) - stats_b.x) * stats_b.y * factor + offset));
    }
    if (lane == 0u) {
      stats[row_a] = stats_a;
      stats[row_b] = stats_b;
    }
  }
}
