// As forward_subgroup_row.wgsl, for GPUs: one workgroup per row, of 32 threads or more for long rows, any number of columns.
// Neighbouring threads load neighbouring columns; a tree reduction in workgroup memory merges the threads' m and Z.
alias x_type = f32;
alias y_type = f32;
const LOG: bool = false;
const MASKED: bool = false; // otherwise mask is bound to anything
const THREADS: u32 = 256u;
// include parts/neg_inf.wgsl
struct Sizes {
  rows: u32, cols: u32, second: u32, third: u32,
  stride_0: u32, stride_1: u32, stride_2: u32, stride_3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<y_type>;
var<workgroup> normalisers: array<vec2f, THREADS>; // m and Z of a thread's columns

fn unmasked(value: f32, at: u32) -> bool {
  if (MASKED) {
    return value > NEG_INF && mask[at] != 0u;
  }
  return value > NEG_INF;
}

fn merge(a: vec2f, b: vec2f) -> vec2f {
  let new_max = max(a.x, b.x);
  return vec2f(new_max, a.y * exp(max(a.x - new_max, -100.0)) + b.y * exp(max(b.x - new_max, -100.0)));
}

// include parts/or_neg_inf.wgsl

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= sizes.rows) { // uniform across the workgroup, as the barriers require
    return;
  }
  let start = row * sizes.cols;
  let mask_start = row / sizes.third / sizes.second * sizes.stride_0 + (row / sizes.third % sizes.second) * sizes.stride_1 + (row % sizes.third) * sizes.stride_2;
  var running = vec2f(NEG_INF, 0.0);
  for (var col = local; col < sizes.cols; col += THREADS) {
    let value = f32(x[start + col]);
    if (unmasked(value, mask_start + col * sizes.stride_3)) {
      running = merge(running, vec2f(value, 1.0));
    }
  }
  normalisers[local] = running;
  workgroupBarrier();
  for (var stride = THREADS / 2u; stride > 0u; stride /= 2u) {
    if (local < stride) {
      normalisers[local] = merge(normalisers[local], normalisers[local + stride]);
    }
    workgroupBarrier();
  }
  let row_max = normalisers[0].x;
  let row_sum = max(normalisers[0].y, 1.0); // ≥ 1 unless the row is empty
  let scale = 1.0 / row_sum;
  let log_sum = log(row_sum);
  for (var col = local; col < sizes.cols; col += THREADS) {
    let value = f32(x[start + col]);
    let keep = unmasked(value, mask_start + col * sizes.stride_3);
    if (LOG) {
      y[start + col] = y_type(or_neg_inf((value - row_max) - log_sum, keep));
    } else {
      y[start + col] = y_type(select(0.0, exp(min(value - row_max, 0.0)) * scale, keep));
    }
  }
}
