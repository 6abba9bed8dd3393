// Gated linear unit, backward: da = dy · σ(b), db = dy · a · σ(b) (1 - σ(b)); 0 in frames from the length on.
struct Sizes { count: u32, half: u32, frames: u32 }
alias x_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> lengths: array<i32>;
@group(0) @binding(2) var<storage, read> dy: array<x_type>;
@group(0) @binding(3) var<storage, read_write> dx: array<x_type>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let row = i / sizes.half;
    let at = i + row * sizes.half;
    if (sizes.frames > 0u) {
      if (i32(row % sizes.frames) >= lengths[row / sizes.frames]) {
        dx[at] = x_type(0.0);
        dx[at + sizes.half] = x_type(0.0);
        continue;
      }
    }
    let b = f32(x[at + sizes.half]);
    let g = f32(dy[i]);
    let e = exp(-abs(b));
    let gate = select(e, 1.0, b >= 0.0) / (1.0 + e);
    dx[at] = x_type(g * gate);
    dx[at + sizes.half] = x_type(g * f32(x[at]) * e / ((1.0 + e) * (1.0 + e)));
  }
}
