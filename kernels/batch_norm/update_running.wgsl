// running ← (1 - momentum) · running + momentum · current, for the mean and for the unbiased variance n / (n - 1) · σ²,
// or σ² itself if there is only one value.
struct Sizes { channels: u32, momentum: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> stats: array<f32>;          // [1, 3, channels]: mean, variance, 1 / count
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;     // [channels]
@group(0) @binding(2) var<storage, read_write> variance: array<f32>; // [channels]

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let channel = id.x;
  if (channel < sizes.channels) {
    let inverse = stats[2u * sizes.channels + channel];
    let unbiased = stats[sizes.channels + channel] / select(1.0, 1.0 - inverse, inverse < 1.0);
    mean[channel] += sizes.momentum * (stats[channel] - mean[channel]);
    variance[channel] += sizes.momentum * (unbiased - variance[channel]);
  }
}
