// As slide.wgsl, for GPUs: 32 channels and four blocks of frames per workgroup. Neighbouring threads load neighbouring
// channels of x, but their weights lie `kernel` apart, so each load of a weight in slide.wgsl touches 32 cache lines.
// Here the workgroup copies its channels' weights, which are contiguous, to workgroup memory; as `kernel` is odd, a stride of
// `kernel` hits 32 different banks. Bytes that must move: x read, y written; each x is loaded (FRAMES + kernel - 1) / FRAMES
// times, all but the first from the cache. Limited by shifting the window, FRAMES - 1 moves for FRAMES multiply-adds, and by
// single-element loads. Predicted for an H200: 45 to 55 % of the bandwidth with 31 taps.
alias x_type = f32;
alias y_type = f32;
const FRAMES: u32 = 8u; // fewer than on a CPU: more threads
const MOST_TAPS: u32 = 127u;
const BACKWARD: bool = false;
struct Sizes { batch: u32, frames: u32, channels: u32, kernel: u32, has_bias: u32, has_lengths: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;       // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> weight: array<f32>;     // [channels, kernel]
@group(0) @binding(2) var<storage, read> bias: array<f32>;       // [channels]
@group(0) @binding(3) var<storage, read> lengths: array<i32>;    // [batch]
@group(0) @binding(4) var<storage, read_write> y: array<y_type>; // [batch, frames, channels]
var<workgroup> taps: array<f32, 32u * MOST_TAPS>;

// include parts/frame_or_zero.wgsl

@compute @workgroup_size(32, 4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) thread: vec3u, @builtin(local_invocation_index) local: u32) {
  let first_weight = group.x * 32u * sizes.kernel;
  let weights = min(32u * sizes.kernel, sizes.channels * sizes.kernel - first_weight);
  for (var i = local; i < weights; i += 128u) {
    taps[i] = weight[first_weight + i];
  }
  workgroupBarrier();
  let channel = group.x * 32u + thread.x;
  let first = (group.y * 4u + thread.y) * FRAMES;
  let b = group.z;
  if (channel >= sizes.channels || first >= sizes.frames) {
    return;
  }
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
    let tap = taps[thread.x * sizes.kernel + select(k, sizes.kernel - 1u - k, BACKWARD)];
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
