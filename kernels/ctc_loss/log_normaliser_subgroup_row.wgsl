// log Σ_k exp(logit_k) of each real frame, as log_normaliser_thread_row.wgsl: one subgroup of any width per frame, four
// neighbouring classes per lane. Loads are coalesced on a GPU, and each brings a software driver four values; the second
// pass finds the frame in the first-level cache. Must move: the logits once.
enable subgroups;
requires subgroup_id;
const INFINITY: u32 = 0x7f800000u;
// include parts/neg_inf.wgsl
struct Sizes { batch: u32, frames: u32, classes: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> input_lengths: array<i32>;
@group(0) @binding(2) var<storage, read_write> log_normaliser: array<f32>; // [batch, frames]

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let rows = sizes.batch * sizes.frames;
  let quads = sizes.classes / 4u;
  for (var first = group.x * subgroups; first < rows; first += groups.x * subgroups) {
    // Subgroups past the end repeat the last row, so that all lanes take part in the reductions.
    let row = min(first + subgroup, rows - 1u);
    let is_real = i32(row % sizes.frames) < input_lengths[row / sizes.frames];
    let end = select(0u, quads, is_real);
    var lane_max = vec4f(NEG_INF);
    var magnitude = vec4u();
    for (var i = lane; i < end; i += lanes) {
      let four = logits[row * quads + i];
      lane_max = max(lane_max, four);
      magnitude = max(magnitude, bitcast<vec4u>(four) & vec4u(0x7fffffffu));
    }
    let bits = subgroupMax(max(max(magnitude.x, magnitude.y), max(magnitude.z, magnitude.w)));
    let row_max = subgroupMax(max(max(lane_max.x, lane_max.y), max(lane_max.z, lane_max.w)));
    var lane_sum = vec4f();
    for (var i = lane; i < end; i += lanes) {
      lane_sum += exp(logits[row * quads + i] - row_max);
    }
    let row_sum = subgroupAdd(dot(lane_sum, vec4f(1.0)));
    if (lane == 0u && is_real) {
      log_normaliser[row] = select(row_max + log(row_sum), bitcast<f32>(bits | 1u), bits > INFINITY || bitcast<u32>(row_max) == INFINITY);
    }
  }
}
