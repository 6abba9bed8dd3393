// Convolution over time, channels last, in groups of channels:
//   y[b, i, o] = bias[o] + Σ_{c,k} weight[o, c, k] · x[b, i · stride + k · dilation - padding, first channel of o's group + c]
// One thread computes an OUTS x FRAMES tile of outputs in registers. All threads of a workgroup have the same channels,
// so they read the same weights.
const OUTS: u32 = 8u;
const FRAMES: u32 = 8u;
struct Sizes {
  batch: u32, frames: u32, channels: u32, out_frames: u32, outs: u32, kernel: u32,
  stride: u32, padding: u32, dilation: u32, groups: u32, has_bias: u32,
}
alias x_type = f32;
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;    // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> weight: array<f32>;  // [outs, channels / groups, kernel]
@group(0) @binding(2) var<storage, read> bias: array<f32>;    // [outs]
@group(0) @binding(3) var<storage, read_write> y: array<y_type>; // [batch, out_frames, outs]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = ((group.x + group.y * groups.x) * 32u + local) * FRAMES;
  let positions = sizes.batch * sizes.out_frames;
  if (first >= positions) {
    return;
  }
  let width = sizes.channels / sizes.groups;
  let outs = sizes.outs / sizes.groups;
  let blocks = (outs + OUTS - 1u) / OUTS;
  let first_channel = group.z / blocks * width;
  let first_out = group.z / blocks * outs + group.z % blocks * OUTS;
  let end_out = (group.z / blocks + 1u) * outs;

  var sum: array<array<f32, OUTS>, FRAMES>;
  var utterance: array<u32, FRAMES>;
  var start: array<u32, FRAMES>;
  for (var p = 0u; p < FRAMES; p++) {
    utterance[p] = (first + p) / sizes.out_frames * sizes.frames;
    // Before the first frame this wraps around to a huge number, which fails the comparison below.
    start[p] = (first + p) % sizes.out_frames * sizes.stride - sizes.padding;
    for (var o = 0u; o < OUTS; o++) {
      sum[p][o] = select(0.0, bias[first_out + o], sizes.has_bias == 1u);
    }
  }
  for (var k = 0u; k < sizes.kernel; k++) {
    var source: array<u32, FRAMES>;
    var inside: array<bool, FRAMES>;
    for (var p = 0u; p < FRAMES; p++) {
      let frame = start[p] + k * sizes.dilation;
      inside[p] = frame < sizes.frames;
      source[p] = (utterance[p] + frame) * sizes.channels + first_channel;
    }
    for (var c = 0u; c < width; c++) {
      var value: array<f32, FRAMES>;
      for (var p = 0u; p < FRAMES; p++) {
        value[p] = select(0.0, f32(x[source[p] + c]), inside[p]);
      }
      for (var o = 0u; o < OUTS; o++) {
        let tap = weight[((first_out + o) * width + c) * sizes.kernel + k];
        for (var p = 0u; p < FRAMES; p++) {
          sum[p][o] += tap * value[p];
        }
      }
    }
  }
  for (var p = 0u; p < FRAMES; p++) {
    for (var o = 0u; o < OUTS; o++) {
      if (first + p < positions && first_out + o < end_out) {
        y[(first + p) * sizes.outs + first_out + o] = y_type(sum[p][o]);
      }
    }
  }
}
