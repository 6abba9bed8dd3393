// Convolution over time, backward to weight and bias, first of two stages:
//   dweight[o, c, k] = Σ_{b,i} dy[b, i, o] · x[b, i · stride + k · dilation - padding, first channel of o's group + c]
//   dbias[o]         = Σ_{b,i} dy[b, i, o]
// The bias is the weight of one more tap, after the last (c, k), whose input is always 1. One thread sums an OUTS x TAPS
// tile over one chunk of output frames. The threads of a workgroup share outputs and chunk, so they read the same dy.
const OUTS: u32 = 8u;
const TAPS: u32 = 4u;
struct Sizes {
  batch: u32, frames: u32, channels: u32, out_frames: u32, outs: u32, kernel: u32,
  stride: u32, padding: u32, dilation: u32, groups: u32, frames_per_chunk: u32,
}
alias x_type = f32;
alias dy_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;          // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;         // [batch, out_frames, outs]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // [chunks, outs · inner + outs]

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let width = sizes.channels / sizes.groups;
  let outs = sizes.outs / sizes.groups;
  let inner = width * sizes.kernel;
  let blocks = (outs + OUTS - 1u) / OUTS;
  let first_out = group.z / blocks * outs + group.z % blocks * OUTS;
  let end_out = (group.z / blocks + 1u) * outs;
  let chunk = group.y;

  let first_tap = (group.x * 16u + local) * TAPS;
  if (first_tap > inner) {
    return;
  }
  var channel: array<u32, TAPS>;
  var shift: array<u32, TAPS>;
  var is_bias: array<bool, TAPS>;
  var sum: array<array<f32, OUTS>, TAPS>;
  for (var j = 0u; j < TAPS; j++) {
    let index = first_tap + j;
    channel[j] = group.z / blocks * width + index / sizes.kernel;
    // Wraps around where the padding reaches before the first frame.
    shift[j] = index % sizes.kernel * sizes.dilation - sizes.padding;
    is_bias[j] = index == inner;
  }
  let first = chunk * sizes.frames_per_chunk;
  let end = min(first + sizes.frames_per_chunk, sizes.batch * sizes.out_frames);
  var b = first / sizes.out_frames;
  var i = first % sizes.out_frames;
  for (var row = first; row < end; row++) {
    var value: array<f32, TAPS>;
    for (var j = 0u; j < TAPS; j++) {
      let frame = i * sizes.stride + shift[j];
      value[j] = select(0.0, f32(x[(b * sizes.frames + frame) * sizes.channels + channel[j]]), frame < sizes.frames);
      value[j] = select(value[j], 1.0, is_bias[j]);
    }
    for (var o = 0u; o < OUTS; o++) {
      let g = f32(dy[row * sizes.outs + first_out + o]);
      for (var j = 0u; j < TAPS; j++) {
        sum[j][o] += g * value[j];
      }
    }
    i++;
    if (i == sizes.out_frames) {
      i = 0u;
      b++;
    }
  }
  let start = chunk * sizes.outs * (inner + 1u);
  for (var j = 0u; j < TAPS; j++) {
    let index = first_tap + j;
    for (var o = 0u; o < OUTS; o++) {
      if (index <= inner && first_out + o < end_out) {
        let column = select((first_out + o) * inner + index, sizes.outs * inner + first_out + o, is_bias[j]);
        partial[start + column] = sum[j][o];
      }
    }
  }
}
