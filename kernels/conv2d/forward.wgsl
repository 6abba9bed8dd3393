// Convolution over height and width, channels last:
//   y[b, i, j, o] = bias[o] + Σ_{c,u,v} weight[o, c, u, v] · x[b, i · stride + u - padding, j · stride + v - padding, c],
// then, if requested, max(0, y), which keeps NaN. One thread computes 8 channels of 4 neighbouring positions in registers, with the
// positions in a vec4. (Arrays would live in memory where a driver does not unroll loops.) All threads of a workgroup have
// the same channels, so they read the same weights.
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32, has_bias: u32, relu: u32,
}
alias x_type = f32;
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;    // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> weight: array<f32>;  // [outs, channels, kernel_height, kernel_width]
@group(0) @binding(2) var<storage, read> bias: array<f32>;    // [outs]
@group(0) @binding(3) var<storage, read_write> y: array<y_type>; // [batch, out_height, out_width, outs]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = ((group.x + group.y * groups.x) * 32u + local) * 4u;
  let first_out = group.z * 8u;
  let positions = sizes.batch * sizes.out_height * sizes.out_width;
  if (first >= positions) {
    return;
  }
  let position = first + vec4u(0u, 1u, 2u, 3u);
  let row = position / sizes.out_width;
  let image = row / sizes.out_height * sizes.height;
  // Above or left of the image these wrap around to huge numbers, which fail the comparisons below.
  let top = row % sizes.out_height * sizes.stride - sizes.padding;
  let left = position % sizes.out_width * sizes.stride - sizes.padding;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let taps = sizes.kernel_height * sizes.kernel_width;
  let step = sizes.channels * taps; // to the weight of the next output
  for (var u = 0u; u < sizes.kernel_height; u++) {
    for (var v = 0u; v < sizes.kernel_width; v++) {
      let inside = (top + u < vec4u(sizes.height)) & (left + v < vec4u(sizes.width));
      let source = ((image + top + u) * sizes.width + left + v) * sizes.channels;
      for (var c = 0u; c < sizes.channels; c++) {
        let at = source + c;
        let value = select(vec4f(), vec4f(f32(x[at.x]), f32(x[at.y]), f32(x[at.z]), f32(x[at.w])), inside);
        let tap = (first_out * sizes.channels + c) * taps + u * sizes.kernel_width + v;
        s0 += weight[tap] * value;
        s1 += weight[tap + step] * value;
        s2 += weight[tap + 2u * step] * value;
        s3 += weight[tap + 3u * step] * value;
        s4 += weight[tap + 4u * step] * value;
        s5 += weight[tap + 5u * step] * value;
        s6 += weight[tap + 6u * step] * value;
        s7 += weight[tap + 7u * step] * value;
      }
    }
  }
  let end_out = min(first_out + 8u, sizes.outs);
  let end = min(first + 4u, positions);
  for (var o = first_out; o < end_out; o++) {
    let offset = select(0.0, bias[o], sizes.has_bias == 1u);
    for (var p = first; p < end; p++) {
      let sum = s0.x + offset;
      y[p * sizes.outs + o] = y_type(select(sum, 0.0, sizes.relu == 1u && sum <= 0.0));
      s0 = s0.yzwx;
    }
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
  }
}
