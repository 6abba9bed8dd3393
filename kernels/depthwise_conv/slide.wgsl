// Depthwise convolution over time, forward and backward to the input.
//   forward:  y[t, c]  = bias[c] + Σ_k weight[c, k] · x[t + k - half, c]              x is 0 from frame length[b] on
//   backward: dx[t, c] = Σ_k weight[c, kernel - 1 - k] · dy[t + k - half, c]          dx is 0 from frame length[b] on
// One thread computes FRAMES outputs of one channel: a window of inputs slides through registers, so each input is read
// once for FRAMES outputs instead of once for each. Neighbouring threads have neighbouring channels.
// [8, 100, 256] with kernel 31 on lavapipe: 3.9 ms with FRAMES 4, 2.4 with 8, 1.9 with 16.
alias x_type = f32;
alias y_type = f32;
const FRAMES: u32 = 16u;
const BACKWARD: bool = false;
struct Sizes { batch: u32, frames: u32, channels: u32, kernel: u32, has_bias: u32, has_lengths: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;       // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> weight: array<f32>;  // [channels, kernel]
@group(0) @binding(2) var<storage, read> bias: array<f32>;    // [channels]
@group(0) @binding(3) var<storage, read> lengths: array<i32>; // [batch]
@group(0) @binding(4) var<storage, read_write> y: array<y_type>; // [batch, frames, channels]

// include parts/frame_or_zero.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let blocks = (sizes.frames + FRAMES - 1u) / FRAMES;
  let channel = thread % sizes.channels;
  let b = thread / sizes.channels / blocks;
  if (b >= sizes.batch) {
    return;
  }
  let first = (thread / sizes.channels % blocks) * FRAMES;
  var length = sizes.frames;
  if (sizes.has_lengths == 1u) {
    length = min(length, u32(lengths[b]));
  }
  let readable = i32(select(length, sizes.frames, BACKWARD));
  let base = b * sizes.frames * sizes.channels + channel;
  let half = i32(sizes.kernel / 2u);

  var window: array<f32, FRAMES>;
  var sum: array<f32, FRAMES>;
  for (var i = 0u; i < FRAMES; i++) {
    sum[i] = select(0.0, bias[channel], sizes.has_bias == 1u);
    window[i] = input(base, i32(first + i) - half - 1, readable);
  }
  for (var k = 0u; k < sizes.kernel; k++) {
    for (var i = 0u; i < FRAMES - 1u; i++) {
      window[i] = window[i + 1u];
    }
    window[FRAMES - 1u] = input(base, i32(first + FRAMES - 1u + k) - half, readable);
    let tap = weight[channel * sizes.kernel + select(k, sizes.kernel - 1u - k, BACKWARD)];
    for (var i = 0u; i < FRAMES; i++) {
      sum[i] += tap * window[i];
    }
  }
  for (var i = 0u; i < FRAMES; i++) {
    if (first + i < sizes.frames) {
      y[base + (first + i) * sizes.channels] = y_type(select(sum[i], 0.0, BACKWARD && first + i >= length));
    }
  }
}
