// Cross-entropy with a smoothed target, backward: dlogit_k = dloss · (p_k - q_k), with dloss = dy · normaliser · weight of
// the row, p the softmax and q_k = off + on · [k = target]. dy is a single number or one per row.
// Eight adjacent threads per row and eight rows per workgroup: per-row values are read once, neighbours read
// neighbours, and workgroups are few.
struct Sizes { rows: u32, cols: u32, on: f32, off: f32, dy_stride: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [rows, cols]
@group(0) @binding(1) var<storage, read> targets: array<i32>;        // [rows]
@group(0) @binding(2) var<storage, read> log_normaliser: array<f32>; // [rows]
@group(0) @binding(3) var<storage, read> weights: array<f32>;        // [rows]
@group(0) @binding(4) var<storage, read> normaliser: array<f32>;     // [1]
@group(0) @binding(5) var<storage, read> dy: array<f32>;             // [rows] and stride 1, or [] and stride 0
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;       // [rows, cols]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 8u + local / 8u;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.cols;
  let target_class = u32(targets[row]);
  let lse = log_normaliser[row];
  let has_target = weights[row] != 0.0;
  let dloss = dy[row * sizes.dy_stride] * normaliser[0] * weights[row];
  for (var col = local % 8u; col < sizes.cols; col += 8u) {
    var gradient = 0.0;
    if (has_target) {
      let q = sizes.off + select(0.0, sizes.on, col == target_class);
      gradient = dloss * (exp(logits[start + col] - lse) - q);
    }
    dx[start + col] = gradient;
  }
}
