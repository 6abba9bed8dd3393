// Gated linear unit: y = a · sigmoid(b) with a and b the two halves of the middle axis of x [outer, 2 · channels, inner].
// `half` is channels · inner. If frames > 0, the outer axis is [batch, frames], and frames from
// lengths[batch] on give 0.
struct Sizes { count: u32, half: u32, frames: u32 }
alias x_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> lengths: array<i32>; // [batch], not read if frames = 0
@group(0) @binding(2) var<storage, read_write> y: array<x_type>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let row = i / sizes.half;
    if (sizes.frames > 0u) {
      if (i32(row % sizes.frames) >= lengths[row / sizes.frames]) {
        y[i] = x_type(0.0);
        continue;
      }
    }
    let at = i + row * sizes.half;
    let b = f32(x[at + sizes.half]);
    let e = exp(-abs(b)); // never overflows
    y[i] = x_type(f32(x[at]) * select(e, 1.0, b >= 0.0) / (1.0 + e));
  }
}
