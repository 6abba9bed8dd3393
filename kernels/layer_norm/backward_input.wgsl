// Layer norm, backward to the input: with x̂ = (x - mean) · rstd and g = dy · scale,
//   dx = rstd · (g - mean(g) - x̂ · mean(g · x̂)).
// With SILU, dy · silu'(x̂ · scale + shift) replaces dy. One thread per row, for any number of columns on any device.
const SILU: bool = false; // after the norm
alias x_type = f32;
alias dy_type = f32;
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<dy_type>;
@group(0) @binding(5) var<storage, read_write> dx: array<x_type>;

alias real = f32;
// include parts/silu_backward.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.cols;
  let mean = stats[2u * row];
  let rstd = stats[2u * row + 1u];
  var sum_g = 0.0;
  var sum_gx = 0.0;
  for (var col = 0u; col < sizes.cols; col++) {
    let x_hat = (f32(x[start + col]) - mean) * rstd;
    let g = activation_backward(f32(dy[start + col]), x_hat * scale[col] + shift[col]) * scale[col];
    sum_g += g;
    sum_gx += g * x_hat;
  }
  let mean_g = sum_g / f32(sizes.cols);
  let mean_gx = sum_gx / f32(sizes.cols);
  for (var col = 0u; col < sizes.cols; col++) {
    let x_hat = (f32(x[start + col]) - mean) * rstd;
    let g = activation_backward(f32(dy[start + col]), x_hat * scale[col] + shift[col]) * scale[col];
    dx[start + col] = x_type(rstd * (g - mean_g - x_hat * mean_gx));
  }
}
