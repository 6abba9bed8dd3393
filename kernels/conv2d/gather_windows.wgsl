// The windows of a convolution's positions as the rows of a matrix, four channels a thread:
//   windows[b, oh, ow, kh, kw, c] = x[b, oh · stride + kh - padding, ow · stride + kw - padding, c], 0 outside of the image.
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32, out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32,
}
alias x_type = f32;
alias windows_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4<x_type>>;                   // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read_write> windows: array<vec4<windows_type>>; // [batch, out_height, out_width, taps, channels]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  let quads = sizes.channels / 4u;
  let taps = sizes.kernel_height * sizes.kernel_width;
  if (i >= sizes.batch * sizes.out_height * sizes.out_width * taps * quads) {
    return;
  }
  let c = i % quads;
  let tap = i / quads % taps;
  let position = i / (quads * taps);
  // Above or left of the image these wrap around to numbers beyond it.
  let w = position % sizes.out_width * sizes.stride + tap % sizes.kernel_width - sizes.padding;
  let h = position / sizes.out_width % sizes.out_height * sizes.stride + tap / sizes.kernel_width - sizes.padding;
  let b = position / (sizes.out_width * sizes.out_height);
  var value = vec4<windows_type>();
  if (h < sizes.height && w < sizes.width) {
    value = vec4<windows_type>(x[((b * sizes.height + h) * sizes.width + w) * quads + c]);
  }
  windows[i] = value;
}
