// As forward_thread_row.wgsl, one subgroup of any width per row, four neighbouring columns per lane. Each lane keeps a running m
// and Z and rescales Z when m grows, so the logits are read once. The sum for the smoothing is taken about the row's
// first logit, Σ_k (x_k - m) = Σ_k (x_k - x_0) + cols · (x_0 - m), because m is known only at the end.
// CPU milliseconds, [640, 2000] on lavapipe, on a busy machine: one thread per row, two passes 2.6; this 1.2.
enable subgroups;
requires subgroup_id;
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32, on: f32, off: f32, constant: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<vec4f>;              // [rows, cols]
@group(0) @binding(1) var<storage, read> targets: array<i32>;               // [rows]
@group(0) @binding(2) var<storage, read_write> log_normaliser: array<f32>;  // [rows]: m + log Z
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;          // [rows]
@group(0) @binding(4) var<storage, read_write> weights: array<f32>;         // [rows]: 1 where there is a target

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
    let target_class = u32(targets[row]);
    let has_target = target_class < sizes.cols;
    let pivot = select(0.0, logits[start].x, has_target);
    var running_max = NEG_INF;
    var running_sum = 0.0;
    var lane_deviation = 0.0;
    let end = select(0u, quads, has_target);
    for (var quad = lane; quad < end; quad += lanes) {
      let x = logits[start + quad];
      let new_max = max(max(max(x.x, x.y), max(x.z, x.w)), running_max);
      running_sum = running_sum * exp(max(running_max - new_max, -100.0)) + dot(exp(x - new_max), vec4f(1.0));
      lane_deviation += dot(x - pivot, vec4f(1.0));
      running_max = new_max;
    }
    let row_max = subgroupMax(running_max);
    let log_sum = log(max(subgroupAdd(running_sum * exp(max(running_max - row_max, -100.0))), 1.0));
    let deviation = subgroupAdd(lane_deviation) + f32(sizes.cols) * (pivot - row_max);
    if (lane == 0u) {
      var loss = 0.0;
      if (has_target) {
        loss = sizes.constant + log_sum - sizes.on * (logits[start + target_class / 4u][target_class % 4u] - row_max);
        if (sizes.off > 0.0) { // without smoothing, classes may be at -∞
          loss -= sizes.off * deviation;
        }
      }
      log_normaliser[row] = select(0.0, row_max + log_sum, has_target);
      losses[row] = loss;
      weights[row] = select(0.0, 1.0, has_target);
    }
  }
}
