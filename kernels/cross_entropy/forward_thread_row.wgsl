// Cross-entropy with a smoothed target, one loss per row: q_k = off + on · [k = target], Σ_k q_k = 1, and
//   loss = constant - Σ_k q_k log p_k = constant + log Z - on · (x_target - m) - off · Σ_k (x_k - m),
// with m = max_k x_k and Z = Σ_k exp(x_k - m). A row whose target is no class (-1) is not read; its loss and weight are 0.
// One thread per row.
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32, on: f32, off: f32, constant: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;                // [rows, cols]
@group(0) @binding(1) var<storage, read> targets: array<i32>;               // [rows]
@group(0) @binding(2) var<storage, read_write> log_normaliser: array<f32>;  // [rows]: m + log Z
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;          // [rows]
@group(0) @binding(4) var<storage, read_write> weights: array<f32>;         // [rows]: 1 where there is a target

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let target_class = u32(targets[row]);
  if (target_class >= sizes.cols) {
    log_normaliser[row] = 0.0;
    losses[row] = 0.0;
    weights[row] = 0.0;
    return;
  }
  let start = row * sizes.cols;
  let end = start + sizes.cols;
  var row_max = NEG_INF;
  for (var i = start; i < end; i++) {
    row_max = max(row_max, logits[i]);
  }
  var row_sum = 0.0;
  var deviation = 0.0;
  for (var i = start; i < end; i++) {
    let d = logits[i] - row_max;
    row_sum += exp(d);
    deviation += d;
  }
  let log_sum = log(row_sum);
  var loss = sizes.constant + log_sum - sizes.on * (logits[start + target_class] - row_max);
  if (sizes.off > 0.0) { // without smoothing, classes may be at -∞
    loss -= sizes.off * deviation;
  }
  log_normaliser[row] = row_max + log_sum;
  losses[row] = loss;
  weights[row] = 1.0;
}
