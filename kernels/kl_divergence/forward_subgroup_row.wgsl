// As forward_thread_row.wgsl, one subgroup of any width per frame, four neighbouring classes per lane. The first pass keeps a
// running m and Z of both sides and rescales Z when m grows; the second, from the cache, sums p (log p - log q).
// CPU milliseconds, [1600, 500] on lavapipe, on a busy machine: one thread per frame, three passes 5.4; this 3.2.
enable subgroups;
requires subgroup_id;
// include parts/neg_inf.wgsl
struct Sizes { batch: u32, frames: u32, classes: u32, inverse_temperature: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> p_logits: array<vec4f>;           // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> q_logits: array<vec4f>;           // [batch, frames, classes]
@group(0) @binding(2) var<storage, read> lengths: array<i32>;              // [batch]
@group(0) @binding(3) var<storage, read_write> log_normalisers: array<vec2f>; // [batch, frames, 2]: log Σ exp of p's, of q's
@group(0) @binding(4) var<storage, read_write> divergences: array<f32>;    // [batch, frames]
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;        // [batch, frames]: 1 for a real frame

fn max_of(a: vec4f) -> f32 {
  return max(max(a.x, a.y), max(a.z, a.w));
}

fn sum_of(a: vec4f) -> f32 {
  return dot(a, vec4f(1.0));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let quads = sizes.classes / 4u;
  let rows = sizes.batch * sizes.frames;
  let scale = sizes.inverse_temperature;
  for (var first = group.x * subgroups; first < rows; first += groups.x * subgroups) {
    // Subgroups past the end repeat the last frame, so that all lanes take part in the reductions.
    let row = min(first + subgroup, rows - 1u);
    let start = row * quads;
    let is_real = i32(row % sizes.frames) < lengths[row / sizes.frames];
    let end = select(0u, quads, is_real);
    var running_max = vec2f(NEG_INF);
    var running_sum = vec2f(0.0);
    for (var quad = lane; quad < end; quad += lanes) {
      let p = p_logits[start + quad] * scale;
      let q = q_logits[start + quad] * scale;
      let new_max = max(running_max, vec2f(max_of(p), max_of(q)));
      running_sum = running_sum * exp(max(running_max - new_max, vec2f(-100.0))) + vec2f(sum_of(exp(p - new_max.x)), sum_of(exp(q - new_max.y)));
      running_max = new_max;
    }
    let row_max = subgroupMax(running_max);
    let log_normaliser = row_max + log(max(subgroupAdd(running_sum * exp(max(running_max - row_max, vec2f(-100.0)))), vec2f(1.0)));
    var lane_sum = 0.0;
    for (var quad = lane; quad < end; quad += lanes) {
      let log_p = p_logits[start + quad] * scale - log_normaliser.x;
      let log_q = q_logits[start + quad] * scale - log_normaliser.y;
      let p = exp(log_p);
      lane_sum += sum_of(select(vec4f(0.0), p * (log_p - log_q), p > vec4f(0.0))); // 0 · log 0 = 0
    }
    let divergence = subgroupAdd(lane_sum);
    if (lane == 0u) {
      log_normalisers[row] = log_normaliser;
      divergences[row] = divergence;
      weights[row] = select(0.0, 1.0, is_real);
    }
  }
}
