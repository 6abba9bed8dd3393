// log Σ_k exp(logit_k) of each real frame, as log_normaliser_thread_row.wgsl: a subgroup of any width a frame, its lanes four
// neighbouring classes each. Loads are coalesced on a GPU, and a software driver gets four values by each; the second of the
// two passes finds the frame in the first-level cache. Must move: the logits once.
enable subgroups;
requires subgroup_id;
const INFINITY: u32 = 0x7f800000u;
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
    // Beyond the last row the last one is computed again, so that all lanes meet at the reductions.
    let row = min(first + subgroup, rows - 1u);
    let is_real = i32(row % sizes.frames) < input_lengths[row / sizes.frames];
    let end = select(0u, quads, is_real);
    var largest = vec4f(-3.0e38);
    var magnitude = vec4u();
    for (var i = lane; i < end; i += lanes) {
      let four = logits[row * quads + i];
      largest = max(largest, four);
      magnitude = max(magnitude, bitcast<vec4u>(four) & vec4u(0x7fffffffu));
    }
    let bits = subgroupMax(max(max(magnitude.x, magnitude.y), max(magnitude.z, magnitude.w)));
    let most = subgroupMax(max(max(largest.x, largest.y), max(largest.z, largest.w)));
    var total = vec4f();
    for (var i = lane; i < end; i += lanes) {
      total += exp(logits[row * quads + i] - most);
    }
    let sum = subgroupAdd(dot(total, vec4f(1.0)));
    if (lane == 0u && is_real) {
      log_normaliser[row] = select(most + log(sum), bitcast<f32>(bits | 1u), bits > INFINITY || bitcast<u32>(most) == INFINITY);
    }
  }
}
