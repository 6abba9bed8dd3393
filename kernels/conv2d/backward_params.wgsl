// Convolution over height and width, backward to weight and bias, first of two stages:
//   dweight[o, c, u, v] = Σ_{b,i,j} dy[b, i, j, o] · x[b, i · stride + u - padding, j · stride + v - padding, c]
//   dbias[o]            = Σ_{b,i,j} dy[b, i, j, o]
// One thread sums one (c, u, v) for OUTS outputs over one chunk of output rows (b, i). The threads of a workgroup share
// outputs and chunk, so they read the same dy.
const OUTS: u32 = 8u;
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
  let index = group.x * 16u + local;
  let chunk = group.y;
  let first_out = group.z * OUTS;
  if (index >= inner) {
    return;
  }
  let v = index % sizes.kernel_width;
  let u = index / sizes.kernel_width % sizes.kernel_height;
  let c = index / (sizes.kernel_width * sizes.kernel_height);
  var sum: array<f32, OUTS>;
  var bias_sum: array<f32, OUTS>;
  let end = min((chunk + 1u) * sizes.rows_per_chunk, sizes.batch * sizes.out_height);
  for (var row = chunk * sizes.rows_per_chunk; row < end; row++) {
    // Above or left of the image these wrap round to huge numbers.
    let h = row % sizes.out_height * sizes.stride + u - sizes.padding;
    let line = (row / sizes.out_height * sizes.height + h) * sizes.width;
    for (var j = 0u; j < sizes.out_width; j++) {
      let w = j * sizes.stride + v - sizes.padding;
      let value = select(0.0, x[(line + w) * sizes.channels + c], h < sizes.height && w < sizes.width);
      for (var o = 0u; o < OUTS; o++) {
        let g = dy[(row * sizes.out_width + j) * sizes.outs + first_out + o];
        sum[o] += g * value;
        bias_sum[o] += g;
      }
    }
  }
  let start = chunk * sizes.outs * (inner + 1u);
  for (var o = 0u; o < OUTS; o++) {
    if (first_out + o < sizes.outs) {
      partial[start + (first_out + o) * inner + index] = sum[o];
      if (index == 0u) {
        partial[start + sizes.outs * inner + first_out + o] = bias_sum[o];
      }
    }
  }
}
