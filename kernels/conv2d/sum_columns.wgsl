// The gradient of a convolution's bias, Σ over positions of dy, first of two stages: one thread sums one column over one
// chunk of rows; neighbouring threads have neighbouring columns.
struct Sizes { rows: u32, cols: u32, chunk: u32 }
alias dy_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> dy: array<dy_type>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> partial: array<f32>; // [chunks, cols]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
    let col = id.x * 64u + local;
  if (col >= sizes.cols) {
    return;
  }
  let first = id.y * sizes.chunk;
  var sum = 0.0;
  for (var row = first; row < min(first + sizes.chunk, sizes.rows); row++) {
    sum += f32(dy[row * sizes.cols + col]);
  }
  partial[id.y * sizes.cols + col] = sum;
}
