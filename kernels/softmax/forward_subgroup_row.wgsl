// Softmax and log-softmax along the last axis, one subgroup of any width per row, four neighbouring columns per lane; with
// MASKED only over the positions whose mask is 1. With m = max_k x_k and Z = Σ_k exp(x_k - m),
//   y = exp(x - m) / Z,   log y = (x - m) - log Z;   0 (log: -∞) where x is -∞ or masked, and throughout a row of nothing else.
// Each lane keeps a running m and Z, and rescales Z when m grows (Milakov, Gimelshein, "Online normalizer calculation
// for softmax", 2018): x is read twice, and y written once. CPU milliseconds on lavapipe,
// on a busy machine, of [3200, 100] and of log [1600, 500]:
//   one thread per row, a pass for the maximum and one for the sum    1.7   3.5
//   this                                                              1.6   2.2
// Predicted for an H200: 75 to 85 % of the bandwidth, with the second pass served by the cache.
// The mask has x's shape or a stride of 0 along broadcast axes of [*, second, third, cols].
enable subgroups;
requires subgroup_id;
alias x_type = f32;
alias y_type = f32;
const LOG: bool = false;
const MASKED: bool = false; // otherwise mask is bound to anything
// include parts/neg_inf.wgsl
struct Sizes {
  rows: u32, cols: u32, second: u32, third: u32,
  stride_0: u32, stride_1: u32, stride_2: u32, stride_3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4<x_type>>;
@group(0) @binding(1) var<storage, read> mask: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<y_type>>;

// Which of four neighbouring positions are neither masked nor -∞.
fn unmasked(values: vec4f, mask_start: u32, quad: u32) -> vec4<bool> {
  var keep = values > vec4f(NEG_INF);
  if (MASKED) {
    if (sizes.stride_3 == 0u) {
      keep = keep & vec4<bool>(mask[mask_start / 4u][mask_start % 4u] != 0u);
    } else {
      keep = keep & (mask[mask_start / 4u + quad] != vec4u(0u));
    }
  }
  return keep;
}

fn exponentials(values: vec4f, maximum: f32, keep: vec4<bool>) -> vec4f {
  return select(vec4f(0.0), exp(min(values - maximum, vec4f(0.0))), keep);
}

// By its bits: compilers may assume that no number is infinite.
fn or_neg_inf(x: vec4f, keep: vec4<bool>) -> vec4f {
  return bitcast<vec4f>(select(vec4u(0xff800000u), bitcast<vec4u>(x), keep));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let quads = sizes.cols / 4u;
  for (var first = group.x * subgroups; first < sizes.rows; first += groups.x * subgroups) {
    // Subgroups past the end repeat the last row, so that all lanes take part in the reductions.
    let row = min(first + subgroup, sizes.rows - 1u);
    let start = row * quads;
    let mask_start = row / sizes.third / sizes.second * sizes.stride_0 + (row / sizes.third % sizes.second) * sizes.stride_1 + (row % sizes.third) * sizes.stride_2;
    var running_max = NEG_INF;
    var running_sum = 0.0;
    for (var quad = lane; quad < quads; quad += lanes) {
      let values = vec4f(x[start + quad]);
      let keep = unmasked(values, mask_start, quad);
      let masked = select(vec4f(NEG_INF), values, keep);
      let new_max = max(max(max(masked.x, masked.y), max(masked.z, masked.w)), running_max);
      running_sum = running_sum * exp(max(running_max - new_max, -100.0)) + dot(exponentials(values, new_max, keep), vec4f(1.0));
      running_max = new_max;
    }
    let row_max = subgroupMax(running_max);
    let row_sum = max(subgroupAdd(running_sum * exp(max(running_max - row_max, -100.0))), 1.0); // ≥ 1 unless the row is empty
    let scale = 1.0 / row_sum;
    let log_sum = log(row_sum);
    for (var quad = lane; quad < quads; quad += lanes) {
      let values = vec4f(x[start + quad]);
      let keep = unmasked(values, mask_start, quad);
      if (LOG) {
        y[start + quad] = vec4<y_type>(or_neg_inf((values - row_max) - log_sum, keep));
      } else {
        y[start + quad] = vec4<y_type>(exponentials(values, row_max, keep) * scale);
      }
    }
  }
}
