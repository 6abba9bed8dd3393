// Backward to scale and shift, first of two stages: Σ dy · x̂ and Σ dy of one channel over one chunk of one utterance's
// real frames, with x̂ = (x - mean) / √(variance + eps). With SILU, dy · silu'(x̂ · scale + shift) replaces dy.
const SILU: bool = false; // after the norm
alias x_type = f32;
alias dy_type = f32;
const CHUNK: u32 = 32u; // frames
struct Sizes { batch: u32, frames: u32, channels: u32, has_lengths: u32, utterances_per_set: u32, eps: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;          // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> stats: array<f32>;         // [sets, 3, channels]: mean, variance, 1 / count
@group(0) @binding(2) var<storage, read> scale: array<f32>;         // [channels]
@group(0) @binding(3) var<storage, read> shift: array<f32>;         // [channels]
@group(0) @binding(4) var<storage, read> dy: array<dy_type>;        // [batch, frames, channels]
@group(0) @binding(5) var<storage, read> lengths: array<i32>;       // [batch]
@group(0) @binding(6) var<storage, read_write> partial: array<f32>; // [batch · chunks, 2, channels]

alias real = f32;
// include parts/silu_backward.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let chunks = (sizes.frames + CHUNK - 1u) / CHUNK;
  let channel = thread % sizes.channels;
  let row = thread / sizes.channels;
  let b = row / chunks;
  if (b >= sizes.batch) {
    return;
  }
  let start = row % chunks * CHUNK;
  var end = min(start + CHUNK, sizes.frames);
  if (sizes.has_lengths == 1u) {
    end = min(end, u32(lengths[b]));
  }
  let column = b / sizes.utterances_per_set * 3u * sizes.channels + channel;
  let mean = stats[column];
  let rstd = inverseSqrt(stats[column + sizes.channels] + sizes.eps);
  let factor = scale[channel];
  let offset = shift[channel];
  var scale_sum = 0.0;
  var shift_sum = 0.0;
  for (var t = start; t < end; t++) {
    let i = (b * sizes.frames + t) * sizes.channels + channel;
    let x_hat = (f32(x[i]) - mean) * rstd;
    let dh = activation_backward(f32(dy[i]), x_hat * factor + offset);
    scale_sum += dh * x_hat;
    shift_sum += dh;
  }
  partial[row * 2u * sizes.channels + channel] = scale_sum;
  partial[(row * 2u + 1u) * sizes.channels + channel] = shift_sum;
}
