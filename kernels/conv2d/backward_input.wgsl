// Convolution over height and width, backward to the input:
//   dx[b, h, w, c] = Σ_{o,u,v} weight[o, c, u, v] · dy[b, (h + padding - u) / stride, (w + padding - v) / stride, o]
// over those u, v that divide without a remainder. Which ones do depends only on h and w modulo stride, so a workgroup
// takes input positions of one remainder ("phase") and steps through just the taps that count. One thread computes INS
// channels of one position; all threads of a workgroup read the same weights.
const INS: u32 = 8u;
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
  let index = (group.x + group.y * groups.x) * 32u + local;
  let phase = group.z % (s * s);
  let first = group.z / (s * s) * INS;
  let rows = (sizes.height + s - 1u) / s;
  let cols = (sizes.width + s - 1u) / s;
  let b = index / (rows * cols);
  let h = index / cols % rows * s + phase / s;
  let w = index % cols * s + phase % s;
  if (b >= sizes.batch || h >= sizes.height || w >= sizes.width) {
    return;
  }
  var sum: array<f32, INS>;
  let taps = sizes.kernel_height * sizes.kernel_width;
  for (var u = (phase / s + sizes.padding) % s; u < sizes.kernel_height; u += s) {
    for (var v = (phase % s + sizes.padding) % s; v < sizes.kernel_width; v += s) {
      let i = (h + sizes.padding - u) / s;
      let j = (w + sizes.padding - v) / s;
      let inside = u <= h + sizes.padding && v <= w + sizes.padding && i < sizes.out_height && j < sizes.out_width;
      let source = ((b * sizes.out_height + i) * sizes.out_width + j) * sizes.outs;
      for (var o = 0u; o < sizes.outs; o++) {
        let g = select(0.0, dy[source + o], inside);
        for (var c = 0u; c < INS; c++) {
          sum[c] += g * weight[(o * sizes.channels + first + c) * taps + u * sizes.kernel_width + v];
        }
      }
    }
  }
  for (var c = 0u; c < INS; c++) {
    if (first + c < sizes.channels) {
      dx[((b * sizes.height + h) * sizes.width + w) * sizes.channels + first + c] = sum[c];
    }
  }
}
