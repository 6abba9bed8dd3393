// Gradient of a convolution's input, second of two stages: adds up the gradients of all windows where they overlap.
//   dx[b, t, c] = Σ_k columns[b, (t - k) / stride, k, c]
// over those k that divide without a remainder. One thread per element, neighbours along c.
struct Sizes { batch: u32, frames: u32, channels: u32, out_frames: u32, kernel: u32, stride: u32 }
alias dx_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> columns: array<f32>;      // [batch, out_frames, kernel, channels]
@group(0) @binding(1) var<storage, read_write> dx: array<dx_type>; // [batch, frames, channels]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  if (i >= sizes.batch * sizes.frames * sizes.channels) {
    return;
  }
  let c = i % sizes.channels;
  let t = i / sizes.channels % sizes.frames;
  let first = i / sizes.channels / sizes.frames * sizes.out_frames;
  var sum = 0.0;
  for (var k = t % sizes.stride; k < min(sizes.kernel, t + 1u); k += sizes.stride) {
    let window = (t - k) / sizes.stride;
    if (window < sizes.out_frames) {
      sum += columns[((first + window) * sizes.kernel + k) * sizes.channels + c];
    }
  }
  dx[i] = dx_type(sum);
}
