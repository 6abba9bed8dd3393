// Gradient of a bias, first of two stages: each thread sums one column of x over one chunk of rows.
const CHUNK: u32 = 32u; // rows
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;              // [rows, cols]
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;  // [chunks, cols]

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let col = id.x;
  let chunk = id.y + id.z * groups.y;
  let start = chunk * CHUNK;
  if (col >= sizes.cols || start >= sizes.rows) {
    return;
  }
  var sum = 0.0;
  let end = min(sizes.rows, start + CHUNK);
  for (var row = start; row < end; row++) {
    sum += x[row * sizes.cols + col];
  }
  partial[chunk * sizes.cols + col] = sum;
}
