// Rotary positions: feature i and feature i + width / 2 of each head are a point in the plane, rotated by an angle that depends
// on its frame and i. The backward pass rotates back, with direction = -1. One thread per point.
struct Sizes { points: u32, frames: u32, heads: u32, half_width: u32, direction: f32 }
var<immediate> sizes: Sizes; // points = batch · frames · heads · half_width
@group(0) @binding(0) var<storage, read> x: array<f32>;     // [batch, frames, heads, width]
@group(0) @binding(1) var<storage, read> cos_sin: array<f32>; // [frames, half_width, 2]: cosine, sine
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // as x

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let point = (group.x + group.y * groups.x) * 64u + local;
  if (point >= sizes.points) {
    return;
  }
  let i = point % sizes.half_width;
  let head = point / sizes.half_width; // of all heads of all frames
  let frame = head / sizes.heads % sizes.frames;
  let angle_index = 2u * (frame * sizes.half_width + i);
  let cosine = cos_sin[angle_index];
  let sine = sizes.direction * cos_sin[angle_index + 1u];
  let at = 2u * head * sizes.half_width + i;
  let first = x[at];
  let second = x[at + sizes.half_width];
  y[at] = first * cosine - second * sine;
  y[at + sizes.half_width] = second * cosine + first * sine;
}
