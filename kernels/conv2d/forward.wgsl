// Convolution over height and width, channels last:
//   y[b, i, j, o] = bias[o] + Σ_{c,u,v} weight[o, c, u, v] · x[b, i · stride + u - padding, j · stride + v - padding, c],
// then max(0, y) if asked for. One thread computes OUTS channels of POSITIONS neighbouring positions in registers. All
// threads of a workgroup have the same channels, so they read the same weights.
const OUTS: u32 = 8u;
const POSITIONS: u32 = 4u;
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32, has_bias: u32, relu: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> weight: array<f32>;  // [outs, channels, kernel_height, kernel_width]
@group(0) @binding(2) var<storage, read> bias: array<f32>;    // [outs]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [batch, out_height, out_width, outs]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = ((group.x + group.y * groups.x) * 32u + local) * POSITIONS;
  let first_out = group.z * OUTS;
  let positions = sizes.batch * sizes.out_height * sizes.out_width;
  if (first >= positions) {
    return;
  }
  var sum: array<array<f32, OUTS>, POSITIONS>;
  var image: array<u32, POSITIONS>;
  var top: array<u32, POSITIONS>;
  var left: array<u32, POSITIONS>;
  for (var p = 0u; p < POSITIONS; p++) {
    let row = (first + p) / sizes.out_width;
    image[p] = row / sizes.out_height * sizes.height;
    // Above or left of the image these wrap round to huge numbers, which the comparisons below refuse.
    top[p] = row % sizes.out_height * sizes.stride - sizes.padding;
    left[p] = (first + p) % sizes.out_width * sizes.stride - sizes.padding;
    for (var o = 0u; o < OUTS; o++) {
      sum[p][o] = select(0.0, bias[first_out + o], sizes.has_bias == 1u);
    }
  }
  let taps = sizes.kernel_height * sizes.kernel_width;
  for (var u = 0u; u < sizes.kernel_height; u++) {
    for (var v = 0u; v < sizes.kernel_width; v++) {
      var source: array<u32, POSITIONS>;
      var inside: array<bool, POSITIONS>;
      for (var p = 0u; p < POSITIONS; p++) {
        inside[p] = top[p] + u < sizes.height && left[p] + v < sizes.width;
        source[p] = ((image[p] + top[p] + u) * sizes.width + left[p] + v) * sizes.channels;
      }
      for (var c = 0u; c < sizes.channels; c++) {
        var value: array<f32, POSITIONS>;
        for (var p = 0u; p < POSITIONS; p++) {
          value[p] = select(0.0, x[source[p] + c], inside[p]);
        }
        for (var o = 0u; o < OUTS; o++) {
          let tap = weight[((first_out + o) * sizes.channels + c) * taps + u * sizes.kernel_width + v];
          for (var p = 0u; p < POSITIONS; p++) {
            sum[p][o] += tap * value[p];
          }
        }
      }
    }
  }
  for (var p = 0u; p < POSITIONS; p++) {
    for (var o = 0u; o < OUTS; o++) {
      if (first + p < positions && first_out + o < sizes.outs) {
        y[(first + p) * sizes.outs + first_out + o] = select(sum[p][o], max(sum[p][o], 0.0), sizes.relu == 1u);
      }
    }
  }
}
