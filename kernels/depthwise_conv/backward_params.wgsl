// Depthwise convolution, backward to weight and bias, first of two stages:
//   dweight[c, k] = Σ_{b,t} dy[b, t, c] · x[b, t + k - half, c]        dbias[c] = Σ_{b,t} dy[b, t, c]
// One thread sums TAPS taps of one channel over one chunk of one utterance's frames: long chunks on a CPU, short ones on a
// GPU, which needs more threads. As in slide.wgsl a window of inputs slides through registers: each step reads one dy and
// one x for TAPS products.
alias x_type = f32;
alias dy_type = f32;
const TAPS: u32 = 16u;
struct Sizes { batch: u32, frames: u32, channels: u32, kernel: u32, has_lengths: u32, chunk: u32 } // chunk: frames
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;             // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;            // [batch, frames, channels]
@group(0) @binding(2) var<storage, read> lengths: array<i32>;       // [batch]
@group(0) @binding(3) var<storage, read_write> partial: array<f32>; // [batch · chunks, channels · kernel + channels]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let tap_blocks = (sizes.kernel + TAPS - 1u) / TAPS;
  let chunks = (sizes.frames + sizes.chunk - 1u) / sizes.chunk;
  let channel = thread % sizes.channels;
  let first_tap = (thread / sizes.channels % tap_blocks) * TAPS;
  let row = thread / sizes.channels / tap_blocks;
  let b = row / chunks;
  if (b >= sizes.batch) {
    return;
  }
  var length = sizes.frames;
  if (sizes.has_lengths == 1u) {
    length = min(length, u32(lengths[b]));
  }
  let base = b * sizes.frames * sizes.channels + channel;
  let start = (row % chunks) * sizes.chunk;
  let end = min(start + sizes.chunk, sizes.frames);
  // Wraps around for a frame before the first, as in slide.wgsl.
  let shift = first_tap - sizes.kernel / 2u;

  var window: array<f32, TAPS>;
  var sum: array<f32, TAPS>;
  var bias_sum = 0.0;
  for (var i = 0u; i < TAPS; i++) {
    let frame = start + shift + i - 1u;
    window[i] = select(0.0, f32(x[base + frame * sizes.channels]), frame < length);
  }
  for (var t = start; t < end; t++) {
    for (var i = 0u; i < TAPS - 1u; i++) {
      window[i] = window[i + 1u];
    }
    let frame = t + shift + TAPS - 1u;
    window[TAPS - 1u] = select(0.0, f32(x[base + frame * sizes.channels]), frame < length);
    let g = f32(dy[base + t * sizes.channels]);
    for (var i = 0u; i < TAPS; i++) {
      sum[i] += g * window[i];
    }
    bias_sum += g;
  }
  let columns = sizes.channels * (sizes.kernel + 1u);
  for (var i = 0u; i < TAPS; i++) {
    if (first_tap + i < sizes.kernel) {
      partial[row * columns + channel * sizes.kernel + first_tap + i] = sum[i];
    }
  }
  if (first_tap == 0u) {
    partial[row * columns + sizes.channels * sizes.kernel + channel] = bias_sum;
  }
}
