// As forward_subgroup_row.wgsl, for GPUs: one workgroup per row, of 32 threads or more for long rows, any number of columns.
const THREADS: u32 = 256u;
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32, on: f32, off: f32, constant: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;                // [rows, cols]
@group(0) @binding(1) var<storage, read> targets: array<i32>;               // [rows]
@group(0) @binding(2) var<storage, read_write> log_normaliser: array<f32>;  // [rows]: m + log Z
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;          // [rows]
@group(0) @binding(4) var<storage, read_write> weights: array<f32>;         // [rows]: 1 where there is a target
var<workgroup> merged: array<vec3f, THREADS>; // m, Z and Σ (x - pivot) of a thread's columns

fn merge(a: vec3f, b: vec3f) -> vec3f {
  let new_max = max(a.x, b.x);
  return vec3f(new_max, a.y * exp(max(a.x - new_max, -100.0)) + b.y * exp(max(b.x - new_max, -100.0)), a.z + b.z);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= sizes.rows) { // uniform across the workgroup, as the barriers require
    return;
  }
  let start = row * sizes.cols;
  let target_class = u32(targets[row]);
  let has_target = target_class < sizes.cols;
  let pivot = select(0.0, logits[start], has_target);
  var running = vec3f(NEG_INF, 0.0, 0.0);
  for (var col = local; has_target && col < sizes.cols; col += THREADS) {
    let x = logits[start + col];
    running = merge(running, vec3f(x, 1.0, x - pivot));
  }
  merged[local] = running;
  workgroupBarrier();
  for (var stride = THREADS / 2u; stride > 0u; stride /= 2u) {
    if (local < stride) {
      merged[local] = merge(merged[local], merged[local + stride]);
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    let total = merged[0];
    let log_sum = log(max(total.y, 1.0));
    var loss = 0.0;
    if (has_target) {
      loss = sizes.constant + log_sum - sizes.on * (logits[start + target_class] - total.x);
      if (sizes.off > 0.0) { // without smoothing, classes may be at -∞
        loss -= sizes.off * (total.z + f32(sizes.cols) * (pivot - total.x));
      }
    }
    log_normaliser[row] = select(0.0, total.x + log_sum, has_target);
    losses[row] = loss;
    weights[row] = select(0.0, 1.0, has_target);
  }
}
