// Gradient of a convolution's input, second of two stages: adds up the gradients of all windows where they overlap.
//   dx[b, h, w, c] = Σ_kh Σ_kw windows[b, (h + padding - kh) / stride, (w + padding - kw) / stride, kh, kw, c]
// over those taps that divide without a remainder. Four channels a thread.
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32, out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding: u32,
}
alias dx_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> windows: array<vec4f>;            // [batch, out_height, out_width, taps, channels]
@group(0) @binding(1) var<storage, read_write> dx: array<vec4<dx_type>>;   // [batch, height, width, channels]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  let quads = sizes.channels / 4u;
  if (i >= sizes.batch * sizes.height * sizes.width * quads) {
    return;
  }
  let c = i % quads;
  let w = i / quads % sizes.width + sizes.padding;
  let h = i / (quads * sizes.width) % sizes.height + sizes.padding;
  let b = i / (quads * sizes.width * sizes.height);
  let taps = sizes.kernel_height * sizes.kernel_width;
  var sum = vec4f();
  for (var kh = h % sizes.stride; kh < min(sizes.kernel_height, h + 1u); kh += sizes.stride) {
    let oh = (h - kh) / sizes.stride;
    if (oh >= sizes.out_height) {
      continue;
    }
    for (var kw = w % sizes.stride; kw < min(sizes.kernel_width, w + 1u); kw += sizes.stride) {
      let ow = (w - kw) / sizes.stride;
      if (ow < sizes.out_width) {
        let position = (b * sizes.out_height + oh) * sizes.out_width + ow;
        sum += windows[(position * taps + kh * sizes.kernel_width + kw) * quads + c];
      }
    }
  }
  dx[i] = vec4<dx_type>(sum);
}
