// Softmax or log-softmax along the last axis over the positions whose mask is 1; elsewhere 0, or -∞ for the logarithm.
// A row without any such position is all 0 (log: -∞), not NaN. One thread per row of x, which is seen as
// [*, second, third, cols]; the mask has a stride for each of the four axes, 0 where it is broadcast.
alias x_type = f32;
alias y_type = f32;
const LOG: bool = false;
// include parts/neg_inf.wgsl
struct Sizes {
  rows: u32, cols: u32, second: u32, third: u32,
  stride_0: u32, stride_1: u32, stride_2: u32, stride_3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<y_type>;

// include parts/or_neg_inf.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.cols;
  let first = row / sizes.third / sizes.second;
  let mask_start = first * sizes.stride_0 + (row / sizes.third % sizes.second) * sizes.stride_1 + (row % sizes.third) * sizes.stride_2;
  var row_max = NEG_INF;
  for (var col = 0u; col < sizes.cols; col++) {
    let keep = mask[mask_start + col * sizes.stride_3] != 0u;
    row_max = select(row_max, max(row_max, f32(x[start + col])), keep);
  }
  var row_sum = 0.0;
  for (var col = 0u; col < sizes.cols; col++) {
    let value = f32(x[start + col]);
    let keep = mask[mask_start + col * sizes.stride_3] != 0u && value > NEG_INF;
    row_sum += select(0.0, exp(min(value - row_max, 0.0)), keep);
  }
  let scale = 1.0 / max(row_sum, 1.0); // total ≥ 1 unless the row is empty
  let log_sum = log(max(row_sum, 1.0));
  for (var col = 0u; col < sizes.cols; col++) {
    let value = f32(x[start + col]);
    let keep = mask[mask_start + col * sizes.stride_3] != 0u && value > NEG_INF;
    if (LOG) {
      y[start + col] = y_type(or_neg_inf((value - row_max) - log_sum, keep));
    } else {
      y[start + col] = y_type(select(0.0, exp(min(value - row_max, 0.0)) * scale, keep));
    }
  }
}
