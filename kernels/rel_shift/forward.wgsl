// Relative shift: y[i, j] = x[i, frames - 1 - (i - j)], from columns by distance to columns by key. One thread per element.
struct Sizes { rows: u32, frames: u32 }
var<immediate> sizes: Sizes; // rows = batch · heads · frames
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [rows, 2 frames - 1]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [rows, frames]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = (group.x + group.y * groups.x) * 64u + local;
  if (at >= sizes.rows * sizes.frames) {
    return;
  }
  let row = at / sizes.frames;
  let j = at % sizes.frames;
  let i = row % sizes.frames;
  y[at] = x[row * (2u * sizes.frames - 1u) + sizes.frames - 1u - i + j];
}
