// weight[row, k] = gain[k] · v[row, k] / ‖v[:, k]‖. ROWS rows of one column per thread.
const ROWS: u32 = 16u;
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> v: array<f32>;            // [rows, cols]
@group(0) @binding(1) var<storage, read> gain: array<f32>;         // [cols]
@group(0) @binding(2) var<storage, read> squares: array<f32>;      // [cols]: ‖v[:, k]‖²
@group(0) @binding(3) var<storage, read_write> weight: array<f32>; // [rows, cols]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let col = thread % sizes.cols;
  let first = thread / sizes.cols * ROWS;
  let factor = gain[col] * inverseSqrt(squares[col]);
  for (var row = first; row < min(first + ROWS, sizes.rows); row++) {
    weight[row * sizes.cols + col] = factor * v[row * sizes.cols + col];
  }
}
