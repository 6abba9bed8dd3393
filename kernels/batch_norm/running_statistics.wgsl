// Running statistics as constants, laid out like measured ones: 1 / count is 0, so no gradient flows back through them.
struct Sizes { channels: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> mean: array<f32>;        // [channels]
@group(0) @binding(1) var<storage, read> variance: array<f32>;    // [channels]
@group(0) @binding(2) var<storage, read_write> stats: array<f32>; // [1, 3, channels]: mean, variance, 1 / count

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let channel = id.x;
  if (channel < sizes.channels) {
    stats[channel] = mean[channel];
    stats[sizes.channels + channel] = variance[channel];
    stats[2u * sizes.channels + channel] = 0.0;
  }
}
