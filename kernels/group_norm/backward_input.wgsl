// Backward to the input: with g = dy · scale and n values in a set's group,
//   dx = (g - Σ g / n - x̂ · Σ g · x̂ / n) / √(variance + eps), 0 at padding.
// Fixed statistics have 1 / n = 0, which leaves g / √(variance + eps). FRAMES frames of one channel per thread.
// With SILU, dy · silu'(x̂ · scale + shift) replaces dy.
const SILU: bool = false; // after the norm
alias x_type = f32;
alias dy_type = f32;
const FRAMES: u32 = 16u;
struct Sizes { batch: u32, frames: u32, channels: u32, has_lengths: u32, utterances_per_set: u32, eps: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;     // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> stats: array<f32>;    // [sets, 3, channels]: mean, variance, 1 / count
@group(0) @binding(2) var<storage, read> scale: array<f32>;    // [channels]
@group(0) @binding(3) var<storage, read> shift: array<f32>;    // [channels]
@group(0) @binding(4) var<storage, read> sums: array<f32>;     // [sets, 2, channels]: Σ g · x̂, Σ g
@group(0) @binding(5) var<storage, read> dy: array<dy_type>;   // [batch, frames, channels]
@group(0) @binding(6) var<storage, read> lengths: array<i32>;  // [batch]
@group(0) @binding(7) var<storage, read_write> dx: array<x_type>; // [batch, frames, channels]

alias real = f32;
// include parts/silu_backward.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let blocks = (sizes.frames + FRAMES - 1u) / FRAMES;
  let channel = thread % sizes.channels;
  let b = thread / sizes.channels / blocks;
  if (b >= sizes.batch) {
    return;
  }
  let start = thread / sizes.channels % blocks * FRAMES;
  var length = sizes.frames;
  if (sizes.has_lengths == 1u) {
    length = u32(lengths[b]);
  }
  let index = b / sizes.utterances_per_set;
  let column = index * 3u * sizes.channels + channel;
  let mean = stats[column];
  let rstd = inverseSqrt(stats[column + sizes.channels] + sizes.eps);
  let inverse = stats[column + 2u * sizes.channels];
  let mean_gx = sums[index * 2u * sizes.channels + channel] * inverse;
  let mean_g = sums[(index * 2u + 1u) * sizes.channels + channel] * inverse;
  let factor = scale[channel];
  let offset = shift[channel];
  for (var t = start; t < min(start + FRAMES, sizes.frames); t++) {
    let i = (b * sizes.frames + t) * sizes.channels + channel;
    let x_hat = (f32(x[i]) - mean) * rstd;
    let g = activation_backward(f32(dy[i]), x_hat * factor + offset) * factor;
    dx[i] = x_type(select(0.0, rstd * (g - mean_g - x_hat * mean_gx), t < length));
  }
}
