// As forward_subgroup_row.wgsl, for GPUs: one workgroup per frame, of 32 threads or more for many classes, any number of them.
const THREADS: u32 = 256u;
// include parts/neg_inf.wgsl
struct Sizes { batch: u32, frames: u32, classes: u32, inverse_temperature: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> p_logits: array<f32>;             // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> q_logits: array<f32>;             // [batch, frames, classes]
@group(0) @binding(2) var<storage, read> lengths: array<i32>;              // [batch]
@group(0) @binding(3) var<storage, read_write> log_normalisers: array<vec2f>; // [batch, frames, 2]: log Σ exp of p's, of q's
@group(0) @binding(4) var<storage, read_write> divergences: array<f32>;    // [batch, frames]
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;        // [batch, frames]: 1 for a real frame
var<workgroup> normalisers: array<vec4f, THREADS>; // of a thread's columns: m of p, m of q, Z of p, Z of q
var<workgroup> sums: array<f32, THREADS>;

fn merge(a: vec4f, b: vec4f) -> vec4f {
  let new_max = max(a.xy, b.xy);
  return vec4f(new_max, a.zw * exp(max(a.xy - new_max, vec2f(-100.0))) + b.zw * exp(max(b.xy - new_max, vec2f(-100.0))));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= sizes.batch * sizes.frames) { // uniform across the workgroup, as the barriers require
    return;
  }
  let start = row * sizes.classes;
  let is_real = i32(row % sizes.frames) < lengths[row / sizes.frames];
  let end = select(0u, sizes.classes, is_real);
  let scale = sizes.inverse_temperature;
  var running = vec4f(NEG_INF, NEG_INF, 0.0, 0.0);
  for (var k = local; k < end; k += THREADS) {
    running = merge(running, vec4f(p_logits[start + k] * scale, q_logits[start + k] * scale, 1.0, 1.0));
  }
  normalisers[local] = running;
  workgroupBarrier();
  for (var stride = THREADS / 2u; stride > 0u; stride /= 2u) {
    if (local < stride) {
      normalisers[local] = merge(normalisers[local], normalisers[local + stride]);
    }
    workgroupBarrier();
  }
  let log_normaliser = normalisers[0].xy + log(max(normalisers[0].zw, vec2f(1.0)));
  var sum = 0.0;
  for (var k = local; k < end; k += THREADS) {
    let log_pq = vec2f(p_logits[start + k], q_logits[start + k]) * scale - log_normaliser;
    let p = exp(log_pq.x);
    sum += select(0.0, p * (log_pq.x - log_pq.y), p > 0.0); // 0 · log 0 = 0
  }
  sums[local] = sum;
  workgroupBarrier();
  for (var stride = THREADS / 2u; stride > 0u; stride /= 2u) {
    if (local < stride) {
      sums[local] += sums[local + stride];
    }
    workgroupBarrier();
  }
  if (local == 0u) {
    log_normalisers[row] = log_normaliser;
    divergences[row] = sums[0];
    weights[row] = select(0.0, 1.0, is_real);
  }
}
