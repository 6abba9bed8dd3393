// Convolution over time, backward to the input:
//   dx[b, t, c] = Σ_{o,k} weight[o, c, k] · dy[b, (t + padding - k · dilation) / stride, o],  o in c's group,
// over those k that divide without a remainder. Which ones do depends only on t modulo stride, so all frames of a workgroup
// have the same remainder (its "phase") and skip the same taps. One thread computes an INS x FRAMES tile.
const INS: u32 = 8u;
const FRAMES: u32 = 8u;
struct Sizes {
  batch: u32, frames: u32, channels: u32, out_frames: u32, outs: u32, kernel: u32,
  stride: u32, padding: u32, dilation: u32, groups: u32,
}
alias dy_type = f32;
alias dx_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weight: array<f32>;   // [outs, channels / groups, kernel]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;   // [batch, out_frames, outs]
@group(0) @binding(2) var<storage, read_write> dx: array<dx_type>; // [batch, frames, channels]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = ((group.x + group.y * groups.x) * 32u + local) * FRAMES;
  let phase = group.z % sizes.stride;
  let rows = (sizes.frames + sizes.stride - 1u) / sizes.stride;
  if (first >= sizes.batch * rows) {
    return;
  }
  let width = sizes.channels / sizes.groups;
  let outs = sizes.outs / sizes.groups;
  let blocks = (width + INS - 1u) / INS;
  let index = group.z / sizes.stride / blocks;
  let first_in = group.z / sizes.stride % blocks * INS;

  var sum: array<array<f32, INS>, FRAMES>;
  var utterance: array<u32, FRAMES>;
  var t: array<u32, FRAMES>;
  for (var p = 0u; p < FRAMES; p++) {
    utterance[p] = (first + p) / rows;
    t[p] = (first + p) % rows * sizes.stride + phase;
  }
  for (var k = 0u; k < sizes.kernel; k++) {
    if ((phase + sizes.padding) % sizes.stride != k * sizes.dilation % sizes.stride) {
      continue;
    }
    var source: array<u32, FRAMES>;
    var inside: array<bool, FRAMES>;
    for (var p = 0u; p < FRAMES; p++) {
      let i = (t[p] + sizes.padding - k * sizes.dilation) / sizes.stride;
      inside[p] = k * sizes.dilation <= t[p] + sizes.padding && i < sizes.out_frames;
      source[p] = (utterance[p] * sizes.out_frames + i) * sizes.outs + index * outs;
    }
    for (var o = 0u; o < outs; o++) {
      var g: array<f32, FRAMES>;
      for (var p = 0u; p < FRAMES; p++) {
        g[p] = select(0.0, f32(dy[source[p] + o]), inside[p]);
      }
      for (var c = 0u; c < INS; c++) {
        let tap = weight[((index * outs + o) * width + first_in + c) * sizes.kernel + k];
        for (var p = 0u; p < FRAMES; p++) {
          sum[p][c] += tap * g[p];
        }
      }
    }
  }
  for (var p = 0u; p < FRAMES; p++) {
    for (var c = 0u; c < INS; c++) {
      if (utterance[p] < sizes.batch && t[p] < sizes.frames && first_in + c < width) {
        dx[(utterance[p] * sizes.frames + t[p]) * sizes.channels + index * width + first_in + c] = dx_type(sum[p][c]);
      }
    }
  }
}
