// y = (x - mean) / √(variance + eps) · scale + shift with the statistics of the frame's set, or silu of that; 0 at padding.
// FRAMES frames of one channel per thread. Bytes that must move: x read, y written, with or without silu; in backward x and dy
// read twice, dx written. Separate silu kernels would add five such passes over memory. CPU milliseconds of batch
// norm, forward and backward, [3200, 256] on lavapipe: separate silu 23.8, fused 17.6, no silu 14.2.
const SILU: bool = false; // after the norm
alias x_type = f32;
alias y_type = f32;
const FRAMES: u32 = 16u;
struct Sizes { batch: u32, frames: u32, channels: u32, has_lengths: u32, utterances_per_set: u32, eps: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;       // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> stats: array<f32>;   // [sets, 3, channels]: mean, variance, 1 / count
@group(0) @binding(2) var<storage, read> scale: array<f32>;   // [channels]
@group(0) @binding(3) var<storage, read> shift: array<f32>;   // [channels]
@group(0) @binding(4) var<storage, read> lengths: array<i32>; // [batch]
@group(0) @binding(5) var<storage, read_write> y: array<y_type>; // [batch, frames, channels]

alias real = f32;
// include parts/silu.wgsl

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
  let column = b / sizes.utterances_per_set * 3u * sizes.channels + channel;
  let mean = stats[column];
  let factor = inverseSqrt(stats[column + sizes.channels] + sizes.eps) * scale[channel];
  for (var t = start; t < min(start + FRAMES, sizes.frames); t++) {
    let i = (b * sizes.frames + t) * sizes.channels + channel;
    y[i] = y_type(select(0.0, activate((f32(x[i]) - mean) * factor + shift[channel]), t < length));
  }
}
