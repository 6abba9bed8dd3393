// Layer norm, version 1: one thread per row, and one pass over the row each for mean, variance and result.
struct Sizes { rows: u32, eps: f32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;           // [rows, cols]
@group(0) @binding(1) var<storage, read> scale: array<f32>;       // [cols]
@group(0) @binding(2) var<storage, read> shift: array<f32>;       // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [rows, cols]
@group(0) @binding(4) var<storage, read_write> stats: array<f32>; // [rows, 2]: mean, 1 / standard deviation

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.cols;
  var mean = 0.0;
  for (var col = 0u; col < sizes.cols; col++) {
    mean += x[start + col];
  }
  mean /= f32(sizes.cols);
  var variance = 0.0;
  for (var col = 0u; col < sizes.cols; col++) {
    let d = x[start + col] - mean;
    variance += d * d;
  }
  let rstd = inverseSqrt(variance / f32(sizes.cols) + sizes.eps);
  for (var col = 0u; col < sizes.cols; col++) {
    y[start + col] = (x[start + col] - mean) * rstd * scale[col] + shift[col];
  }
  stats[2u * row] = mean;
  stats[2u * row + 1u] = rstd;
}
