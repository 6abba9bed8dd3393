// KL(p ‖ q) of each frame, backward to one of its two logit tensors, with dloss = dy · normaliser · weight of the frame:
//   to q's logits   dx_k = dloss / T · (q_k - p_k)
//   to p's logits   dx_k = dloss / T · p_k (log p_k - log q_k - KL)
// Eight adjacent threads per frame and eight frames per workgroup.
const TO_P: bool = false;
struct Sizes { rows: u32, classes: u32, inverse_temperature: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> p_logits: array<f32>;        // [rows, classes]
@group(0) @binding(1) var<storage, read> q_logits: array<f32>;        // [rows, classes]
@group(0) @binding(2) var<storage, read> log_normalisers: array<f32>; // [rows, 2]
@group(0) @binding(3) var<storage, read> divergences: array<f32>;     // [rows]
@group(0) @binding(4) var<storage, read> weights: array<f32>;         // [rows]
@group(0) @binding(5) var<storage, read> normaliser: array<f32>;      // [1]
@group(0) @binding(6) var<storage, read> dy: array<f32>;              // []
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;        // [rows, classes]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 8u + local / 8u;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.classes;
  let is_real = weights[row] != 0.0;
  let scale = sizes.inverse_temperature;
  let dloss = dy[0] * normaliser[0] * weights[row] * scale;
  let log_normaliser = vec2f(log_normalisers[2u * row], log_normalisers[2u * row + 1u]);
  let divergence = divergences[row];
  for (var i = start + local % 8u; i < start + sizes.classes; i += 8u) {
    var gradient = 0.0;
    if (is_real) {
      let log_pq = vec2f(p_logits[i], q_logits[i]) * scale - log_normaliser;
      let pq = exp(log_pq);
      if (TO_P) {
        gradient = select(0.0, dloss * pq.x * (log_pq.x - log_pq.y - divergence), pq.x > 0.0);
      } else {
        gradient = dloss * (pq.y - pq.x);
      }
    }
    dx[i] = gradient;
  }
}
