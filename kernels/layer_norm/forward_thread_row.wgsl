// Layer norm, forward: one thread per row, for any number of columns on any device. See forward_subgroup_row.wgsl for
// why the sums are taken about a pivot, and for what SILU saves.
const SILU: bool = false; // after the norm
alias x_type = f32;
alias y_type = f32;
struct Sizes { rows: u32, eps: f32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;        // [rows, cols]
@group(0) @binding(1) var<storage, read> scale: array<f32>;       // [cols]
@group(0) @binding(2) var<storage, read> shift: array<f32>;       // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<y_type>;  // [rows, cols]
@group(0) @binding(4) var<storage, read_write> stats: array<f32>; // [rows, 2]: mean, 1 / standard deviation

alias real = f32;
// include parts/silu.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.cols;
  let pivot = f32(x[start]);
  var sums = vec2f(); // of d and of d², d = x - pivot
  for (var col = 0u; col < sizes.cols; col++) {
    let d = f32(x[start + col]) - pivot;
    sums += vec2f(d, d * d);
  }
  sums /= f32(sizes.cols);
  let mean = pivot + sums.x;
  let rstd = inverseSqrt(max(sums.y - sums.x * sums.x, 0.0) + sizes.eps);
  for (var col = 0u; col < sizes.cols; col++) {
    y[start + col] = y_type(activate((f32(x[start + col]) - mean) * rstd * scale[col] + shift[col]));
  }
  stats[2u * row] = mean;
  stats[2u * row + 1u] = rstd;
}
