// Relative shift, backward: dx[i, m] = dy[i, j] with j = m + i - (frames - 1), and zero where no key has that distance.
// One thread per element.
struct Sizes { rows: u32, frames: u32 }
var<immediate> sizes: Sizes; // rows = batch · heads · frames
@group(0) @binding(0) var<storage, read> dy: array<f32>;       // [rows, frames]
@group(0) @binding(1) var<storage, read_write> dx: array<f32>; // [rows, 2 frames - 1]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let at = (group.x + group.y * groups.x) * 64u + local;
  let columns = 2u * sizes.frames - 1u;
  if (at >= sizes.rows * columns) {
    return;
  }
  let row = at / columns;
  let m = at % columns;
  let i = row % sizes.frames;
  let j = i32(m + i) - i32(sizes.frames - 1u);
  var g = 0.0;
  if (j >= 0 && j < i32(sizes.frames)) {
    g = dy[row * sizes.frames + u32(j)];
  }
  dx[at] = g;
}
