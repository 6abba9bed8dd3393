// y = x in the first lengths[b] frames of utterance b, 0 in its padding. Padding never enters any arithmetic,
// so NaN there does no harm. The gradient is the same kernel on dy.
struct Sizes { count: u32, frames: u32, channels: u32 }
alias x_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;       // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> lengths: array<i32>; // [batch]
@group(0) @binding(2) var<storage, read_write> y: array<x_type>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let row = i / sizes.channels;
    let frame = row % sizes.frames;
    if (i32(frame) < lengths[row / sizes.frames]) {
      y[i] = x[i];
    } else {
      y[i] = x_type(0.0);
    }
  }
}
