// y = x in the first lengths[b] frames of utterance b, 0 in its padding; one thread an element. Padding is not read as a
// number, so that NaN there does no harm. The gradient is the same kernel on dy.
struct Sizes { count: u32, frames: u32, channels: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> lengths: array<i32>; // [batch]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 64u + local;
  if (i >= sizes.count) {
    return;
  }
  let row = i / sizes.channels;
  let frame = row % sizes.frames;
  if (i32(frame) < lengths[row / sizes.frames]) {
    y[i] = x[i];
  } else {
    y[i] = 0.0;
  }
}
