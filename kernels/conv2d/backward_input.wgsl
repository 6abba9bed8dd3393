// Convolution over height and width, backward to the input:
//   dx[b, h, w, c] = Σ_{o,u,v} weight[o, c, u, v] · dy[b, (h + padding - u) / stride, (w + padding - v) / stride, o]
// over those u, v that divide without a remainder. Which ones do depends only on h and w modulo stride, so a workgroup
// takes input positions of one remainder ("phase") and steps through just the taps that count. One thread computes INS
// channels of POSITIONS positions; all threads of a workgroup read the same weights.
const INS: u32 = 8u;
const POSITIONS: u32 = 4u;
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weight: array<f32>;   // [outs, channels, kernel_height, kernel_width]
@group(0) @binding(1) var<storage, read> dy: array<f32>;       // [batch, out_height, out_width, outs]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>; // [batch, height, width, channels]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let s = sizes.stride;
  let first = ((group.x + group.y * groups.x) * 32u + local) * POSITIONS;
  let phase = group.z % (s * s);
  let first_in = group.z / (s * s) * INS;
  let rows = (sizes.height + s - 1u) / s;
  let cols = (sizes.width + s - 1u) / s;
  if (first >= sizes.batch * rows * cols) {
    return;
  }
  var sum: array<array<f32, INS>, POSITIONS>;
  var image: array<u32, POSITIONS>;
  var h: array<u32, POSITIONS>;
  var w: array<u32, POSITIONS>;
  for (var p = 0u; p < POSITIONS; p++) {
    image[p] = (first + p) / (rows * cols);
    h[p] = (first + p) / cols % rows * s + phase / s;
    w[p] = (first + p) % cols * s + phase % s;
  }
  let taps = sizes.kernel_height * sizes.kernel_width;
  for (var u = (phase / s + sizes.padding) % s; u < sizes.kernel_height; u += s) {
    for (var v = (phase % s + sizes.padding) % s; v < sizes.kernel_width; v += s) {
      var source: array<u32, POSITIONS>;
      var inside: array<bool, POSITIONS>;
      for (var p = 0u; p < POSITIONS; p++) {
        let i = (h[p] + sizes.padding - u) / s;
        let j = (w[p] + sizes.padding - v) / s;
        inside[p] = u <= h[p] + sizes.padding && v <= w[p] + sizes.padding && i < sizes.out_height && j < sizes.out_width;
        source[p] = ((image[p] * sizes.out_height + i) * sizes.out_width + j) * sizes.outs;
      }
      for (var o = 0u; o < sizes.outs; o++) {
        var g: array<f32, POSITIONS>;
        for (var p = 0u; p < POSITIONS; p++) {
          g[p] = select(0.0, dy[source[p] + o], inside[p]);
        }
        for (var c = 0u; c < INS; c++) {
          let tap = weight[(o * sizes.channels + first_in + c) * taps + u * sizes.kernel_width + v];
          for (var p = 0u; p < POSITIONS; p++) {
            sum[p][c] += g[p] * tap;
          }
        }
      }
    }
  }
  for (var p = 0u; p < POSITIONS; p++) {
    for (var c = 0u; c < INS; c++) {
      if (image[p] < sizes.batch && h[p] < sizes.height && w[p] < sizes.width && first_in + c < sizes.channels) {
        dx[((image[p] * sizes.height + h[p]) * sizes.width + w[p]) * sizes.channels + first_in + c] = sum[p][c];
      }
    }
  }
}
