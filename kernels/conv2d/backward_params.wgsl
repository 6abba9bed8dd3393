// Convolution over height and width, backward to weight and bias, first of two stages:
//   dweight[o, c, u, v] = Σ_{b,i,j} dy[b, i, j, o] · x[b, i · stride + u - padding, j · stride + v - padding, c]
//   dbias[o]            = Σ_{b,i,j} dy[b, i, j, o]
// The bias is the weight of one more tap, after the last (c, u, v), whose input is always 1. One thread sums TAPS taps of
// OUTS outputs over one chunk of output rows (b, i). The threads of a workgroup share outputs and chunk, so they read the
// same dy.
const OUTS: u32 = 8u;
const TAPS: u32 = 4u;
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32, rows_per_chunk: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;             // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> dy: array<f32>;            // [batch, out_height, out_width, outs]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // [chunks, outs · inner + outs]

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let inner = sizes.channels * sizes.kernel_height * sizes.kernel_width;
  let chunk = group.y;
  let first_out = group.z * OUTS;
  let first_tap = (group.x * 16u + local) * TAPS;
  if (first_tap > inner) {
    return;
  }
  var u: array<u32, TAPS>;
  var v: array<u32, TAPS>;
  var c: array<u32, TAPS>;
  var sum: array<array<f32, OUTS>, TAPS>;
  for (var k = 0u; k < TAPS; k++) {
    let index = first_tap + k;
    v[k] = index % sizes.kernel_width;
    u[k] = index / sizes.kernel_width % sizes.kernel_height;
    c[k] = index / (sizes.kernel_width * sizes.kernel_height);
  }
  let end = min((chunk + 1u) * sizes.rows_per_chunk, sizes.batch * sizes.out_height);
  for (var row = chunk * sizes.rows_per_chunk; row < end; row++) {
    // Above or left of the image these wrap round to huge numbers.
    let top = row % sizes.out_height * sizes.stride - sizes.padding;
    let line = row / sizes.out_height * sizes.height + top;
    for (var j = 0u; j < sizes.out_width; j++) {
      let left = j * sizes.stride - sizes.padding;
      var value: array<f32, TAPS>;
      for (var k = 0u; k < TAPS; k++) {
        let source = ((line + u[k]) * sizes.width + left + v[k]) * sizes.channels + c[k];
        value[k] = select(0.0, x[source], top + u[k] < sizes.height && left + v[k] < sizes.width);
        value[k] = select(value[k], 1.0, c[k] == sizes.channels);
      }
      for (var o = 0u; o < OUTS; o++) {
        let g = dy[(row * sizes.out_width + j) * sizes.outs + first_out + o];
        for (var k = 0u; k < TAPS; k++) {
          sum[k][o] += g * value[k];
        }
      }
    }
  }
  let start = chunk * sizes.outs * (inner + 1u);
  for (var k = 0u; k < TAPS; k++) {
    let index = first_tap + k;
    for (var o = 0u; o < OUTS; o++) {
      if (index <= inner && first_out + o < sizes.outs) {
        let column = select((first_out + o) * inner + index, sizes.outs * inner + first_out + o, index == inner);
        partial[start + column] = sum[k][o];
      }
    }
  }
}
