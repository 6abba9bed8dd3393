// KL(p ‖ q) = Σ_k p_k (log p_k - log q_k) of each frame, with p and q the softmaxes of two logit tensors over the
// temperature. Frames from lengths[utterance] on are not read; their divergence and weight are 0. One thread per frame.
// include parts/neg_inf.wgsl
struct Sizes { batch: u32, frames: u32, classes: u32, inverse_temperature: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> p_logits: array<f32>;             // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> q_logits: array<f32>;             // [batch, frames, classes]
@group(0) @binding(2) var<storage, read> lengths: array<i32>;              // [batch]
@group(0) @binding(3) var<storage, read_write> log_normalisers: array<f32>; // [batch, frames, 2]: log Σ exp of p's, of q's
@group(0) @binding(4) var<storage, read_write> divergences: array<f32>;    // [batch, frames]
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;        // [batch, frames]: 1 for a real frame

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.batch * sizes.frames) {
    return;
  }
  if (i32(row % sizes.frames) >= lengths[row / sizes.frames]) {
    divergences[row] = 0.0;
    weights[row] = 0.0;
    return;
  }
  let scale = sizes.inverse_temperature;
  let start = row * sizes.classes;
  let end = start + sizes.classes;
  var row_max = vec2f(NEG_INF);
  for (var i = start; i < end; i++) {
    row_max = max(row_max, vec2f(p_logits[i], q_logits[i]) * scale);
  }
  var row_sum = vec2f(0.0);
  for (var i = start; i < end; i++) {
    row_sum += exp(vec2f(p_logits[i], q_logits[i]) * scale - row_max);
  }
  let log_normaliser = row_max + log(row_sum);
  var divergence = 0.0;
  for (var i = start; i < end; i++) {
    let log_pq = vec2f(p_logits[i], q_logits[i]) * scale - log_normaliser;
    let p = exp(log_pq.x);
    divergence += select(0.0, p * (log_pq.x - log_pq.y), p > 0.0); // 0 · log 0 = 0
  }
  log_normalisers[2u * row] = log_normaliser.x;
  log_normalisers[2u * row + 1u] = log_normaliser.y;
  divergences[row] = divergence;
  weights[row] = 1.0;
}
