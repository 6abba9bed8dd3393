// Σ_row a[row, col] · b[row, col] for each column, first of two stages: one column of one chunk of rows per thread.
const CHUNK: u32 = 256u; // rows
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> a: array<f32>;             // [rows, cols]
@group(0) @binding(1) var<storage, read> b: array<f32>;             // [rows, cols]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // [chunks, cols]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let col = thread % sizes.cols;
  let first = thread / sizes.cols * CHUNK;
  if (first >= sizes.rows) {
    return;
  }
  var sum = 0.0;
  for (var row = first; row < min(first + CHUNK, sizes.rows); row++) {
    sum += a[row * sizes.cols + col] * b[row * sizes.cols + col];
  }
  partial[thread] = sum;
}
