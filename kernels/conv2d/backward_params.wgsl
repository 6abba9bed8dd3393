// Convolution over height and width, backward to weight and bias, first of two stages:
//   dweight[o, c, u, v] = Σ_{b,i,j} dy[b, i, j, o] · x[b, i · stride + u - padding, j · stride + v - padding, c]
//   dbias[o]            = Σ_{b,i,j} dy[b, i, j, o]
// The bias is the weight of one more tap, after the last (c, u, v), whose input is always 1. One thread sums 4 taps, those
// of a vec4, of 8 outputs over one chunk of output rows (b, i). The threads of a workgroup share outputs and chunk, so they
// read the same dy.
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32, rows_per_chunk: u32,
}
alias x_type = f32;
alias dy_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;          // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;         // [batch, out_height, out_width, outs]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // [chunks, outs · inner + outs]

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let inner = sizes.channels * sizes.kernel_height * sizes.kernel_width;
  let chunk = group.y;
  let first_out = group.z * 8u;
  let first_tap = (group.x * 16u + local) * 4u;
  if (first_tap > inner) {
    return;
  }
  let tap = first_tap + vec4u(0u, 1u, 2u, 3u);
  let v = tap % sizes.kernel_width;
  let u = tap / sizes.kernel_width % sizes.kernel_height;
  let c = tap / (sizes.kernel_width * sizes.kernel_height);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let end = min((chunk + 1u) * sizes.rows_per_chunk, sizes.batch * sizes.out_height);
  for (var row = chunk * sizes.rows_per_chunk; row < end; row++) {
    // Above or left of the image these wrap around to huge numbers.
    let top = row % sizes.out_height * sizes.stride - sizes.padding;
    let line = row / sizes.out_height * sizes.height + top;
    let in_height = top + u < vec4u(sizes.height);
    for (var j = 0u; j < sizes.out_width; j++) {
      let left = j * sizes.stride - sizes.padding;
      let source = ((line + u) * sizes.width + left + v) * sizes.channels + c;
      let inside = in_height & (left + v < vec4u(sizes.width));
      let pixel = select(vec4f(), vec4f(f32(x[source.x]), f32(x[source.y]), f32(x[source.z]), f32(x[source.w])), inside);
      let value = select(pixel, vec4f(1.0), c == vec4u(sizes.channels));
      let g = (row * sizes.out_width + j) * sizes.outs + first_out;
      s0 += f32(dy[g]) * value;
      s1 += f32(dy[g + 1u]) * value;
      s2 += f32(dy[g + 2u]) * value;
      s3 += f32(dy[g + 3u]) * value;
      s4 += f32(dy[g + 4u]) * value;
      s5 += f32(dy[g + 5u]) * value;
      s6 += f32(dy[g + 6u]) * value;
      s7 += f32(dy[g + 7u]) * value;
    }
  }
  let start = chunk * sizes.outs * (inner + 1u);
  let end_out = min(first_out + 8u, sizes.outs);
  let end_tap = min(first_tap + 4u, inner + 1u);
  for (var o = first_out; o < end_out; o++) {
    for (var k = first_tap; k < end_tap; k++) {
      partial[start + select(o * inner + k, sizes.outs * inner + o, k == inner)] = s0.x;
      s0 = s0.yzwx;
    }
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
  }
}
