// Layer norm, backward to scale and shift, first of two stages: each thread sums one column over one chunk of rows.
// Two stages, because WGSL has no float atomics; so the sum is also the same every time.
// With SILU, dy · silu'(x̂ · scale + shift) replaces dy, x̂ = (x - mean) · rstd.
const SILU: bool = false; // after the norm
alias x_type = f32;
alias dy_type = f32;
const CHUNK: u32 = 32u; // rows
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<dy_type>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>; // [chunks, 2 cols]: dscale, dshift

alias real = f32;
// include parts/silu_backward.wgsl

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x;
  if (col >= sizes.cols) {
    return;
  }
  let factor = scale[col];
  let offset = shift[col];
  var dscale = 0.0;
  var dshift = 0.0;
  let end = min(sizes.rows, (id.y + 1u) * CHUNK);
  for (var row = id.y * CHUNK; row < end; row++) {
    let x_hat = (f32(x[row * sizes.cols + col]) - stats[2u * row]) * stats[2u * row + 1u];
    let dh = activation_backward(f32(dy[row * sizes.cols + col]), x_hat * factor + offset);
    dscale += dh * x_hat;
    dshift += dh;
  }
  partial[id.y * 2u * sizes.cols + col] = dscale;
  partial[id.y * 2u * sizes.cols + sizes.cols + col] = dshift;
}
