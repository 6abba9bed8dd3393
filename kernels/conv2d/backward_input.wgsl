// Convolution over height and width, backward to the input:
//   dx[b, h, w, c] = Σ_{o,u,v} weight[o, c, u, v] · dy[b, (h + padding - u) / stride, (w + padding - v) / stride, o]
// over those u, v that divide without a remainder. Which ones do depends only on h and w modulo stride, so all input
// positions of a workgroup have the same remainder (its "phase") and step through just the taps that count. One thread
// computes 8 channels of 4 positions, those of a vec4; all threads of a workgroup read the same weights.
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32,
}
alias dy_type = f32;
alias dx_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weight: array<f32>;   // [outs, channels, kernel_height, kernel_width]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;   // [batch, out_height, out_width, outs]
@group(0) @binding(2) var<storage, read_write> dx: array<dx_type>; // [batch, height, width, channels]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let s = sizes.stride;
  let first = ((group.x + group.y * groups.x) * 32u + local) * 4u;
  let phase = group.z % (s * s);
  let first_in = group.z / (s * s) * 8u;
  let rows = (sizes.height + s - 1u) / s;
  let cols = (sizes.width + s - 1u) / s;
  if (first >= sizes.batch * rows * cols) {
    return;
  }
  let position = first + vec4u(0u, 1u, 2u, 3u);
  let image = position / (rows * cols);
  let h = position / cols % rows * s + phase / s;
  let w = position % cols * s + phase % s;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  let taps = sizes.kernel_height * sizes.kernel_width;
  for (var u = (phase / s + sizes.padding) % s; u < sizes.kernel_height; u += s) {
    for (var v = (phase % s + sizes.padding) % s; v < sizes.kernel_width; v += s) {
      let i = (h + sizes.padding - u) / s;
      let j = (w + sizes.padding - v) / s;
      let inside = (vec4u(u) <= h + sizes.padding) & (vec4u(v) <= w + sizes.padding) & (i < vec4u(sizes.out_height)) & (j < vec4u(sizes.out_width));
      let source = ((image * sizes.out_height + i) * sizes.out_width + j) * sizes.outs;
      for (var o = 0u; o < sizes.outs; o++) {
        let at = source + o;
        let g = select(vec4f(), vec4f(f32(dy[at.x]), f32(dy[at.y]), f32(dy[at.z]), f32(dy[at.w])), inside);
        let tap = (o * sizes.channels + first_in) * taps + u * sizes.kernel_width + v;
        s0 += weight[tap] * g;
        s1 += weight[tap + taps] * g;
        s2 += weight[tap + 2u * taps] * g;
        s3 += weight[tap + 3u * taps] * g;
        s4 += weight[tap + 4u * taps] * g;
        s5 += weight[tap + 5u * taps] * g;
        s6 += weight[tap + 6u * taps] * g;
        s7 += weight[tap + 7u * taps] * g;
      }
    }
  }
  let inside = (image < vec4u(sizes.batch)) & (h < vec4u(sizes.height)) & (w < vec4u(sizes.width));
  let pixel = ((image * sizes.height + h) * sizes.width + w) * sizes.channels;
  let end_in = min(first_in + 8u, sizes.channels);
  for (var c = first_in; c < end_in; c++) {
    if (inside.x) { dx[pixel.x + c] = dx_type(s0.x); }
    if (inside.y) { dx[pixel.y + c] = dx_type(s0.y); }
    if (inside.z) { dx[pixel.z + c] = dx_type(s0.z); }
    if (inside.w) { dx[pixel.w + c] = dx_type(s0.w); }
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
  }
}
