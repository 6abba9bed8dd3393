// The last stage of every loss: total = normaliser · Σ_i weight_i · loss_i. The normaliser is the given factor, and for a
// mean that divided by Σ_i weight_i: so a number of frames that only the device knows needs no readback.
// One workgroup: each thread sums every 64th item, then one thread adds those sums, always in the same order.
struct Sizes { count: u32, factor: f32, mean: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> losses: array<f32>;           // [count]
@group(0) @binding(1) var<storage, read> weights: array<f32>;          // [count]
@group(0) @binding(2) var<storage, read_write> total: array<f32>;      // []
@group(0) @binding(3) var<storage, read_write> normaliser: array<f32>; // [1]
var<workgroup> partial: array<vec2f, 64>; // Σ weight · loss, Σ weight

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sums = vec2f(0.0);
  for (var i = local; i < sizes.count; i += 64u) {
    sums += vec2f(weights[i] * losses[i], weights[i]);
  }
  partial[local] = sums;
  workgroupBarrier();
  if (local != 0u) {
    return;
  }
  for (var i = 1u; i < 64u; i++) {
    sums += partial[i];
  }
  var scale = sizes.factor;
  if (sizes.mean != 0u) {
    scale = select(0.0, scale / sums.y, sums.y > 0.0);
  }
  total[0] = scale * sums.x;
  normaliser[0] = scale;
}
