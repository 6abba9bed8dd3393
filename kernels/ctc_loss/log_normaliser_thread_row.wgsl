// log Σ_k exp(logit_k) of each real frame: the difference between logits and log-probabilities. Computed once, so that the
// recursions read logits and no [batch, frames, classes] tensor of log-probabilities is ever stored.
// A logit of NaN or +infinity makes the normaliser NaN. It is detected by its bits, because max() and exp() of some drivers lose it.
// One thread per frame; frames from inputLengths[utterance] on are neither read nor written.
const INFINITY: u32 = 0x7f800000u; // the bits; those of NaN, without the sign, are more
// include parts/neg_inf.wgsl
struct Sizes { batch: u32, frames: u32, classes: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> input_lengths: array<i32>;
@group(0) @binding(2) var<storage, read_write> log_normaliser: array<f32>; // [batch, frames]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.batch * sizes.frames) {
    return;
  }
  if (i32(row % sizes.frames) >= input_lengths[row / sizes.frames]) {
    return;
  }
  let start = row * sizes.classes;
  let end = start + sizes.classes;
  var row_max = NEG_INF;
  var magnitude = 0u;
  for (var i = start; i < end; i++) {
    row_max = max(row_max, logits[i]);
    magnitude = max(magnitude, bitcast<u32>(logits[i]) & 0x7fffffffu);
  }
  var row_sum = 0.0;
  for (var i = start; i < end; i++) {
    row_sum += exp(logits[i] - row_max);
  }
  log_normaliser[row] = select(row_max + log(row_sum), bitcast<f32>(magnitude | 1u), magnitude > INFINITY || bitcast<u32>(row_max) == INFINITY);
}
