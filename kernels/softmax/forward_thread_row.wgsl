// Softmax and log-softmax along one axis: with m = max_k x_k and Z = Σ_k exp(x_k - m),
//   y = exp(x - m) / Z,   log y = (x - m) - log Z.
// Subtracting the maximum keeps exponentials from overflowing. A tensor is seen as [outer, cols, inner] with the softmax
// along cols; one thread per row, whatever its stride, on any device. A row of only -∞ gives zeros (log: -∞).
alias x_type = f32;
alias y_type = f32;
const LOG: bool = false;
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read_write> y: array<y_type>;

// include parts/or_neg_inf.wgsl

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let inner = sizes.inner;
  let start = (row / inner) * sizes.cols * inner + row % inner;
  let end = start + sizes.cols * inner;
  var row_max = NEG_INF;
  for (var i = start; i < end; i += inner) {
    row_max = max(row_max, f32(x[i]));
  }
  var row_sum = 0.0;
  for (var i = start; i < end; i += inner) {
    let value = f32(x[i]);
    row_sum += select(0.0, exp(value - row_max), value > NEG_INF);
  }
  let scale = 1.0 / max(row_sum, 1.0); // total ≥ 1 unless the row is empty
  let log_sum = log(max(row_sum, 1.0));
  for (var i = start; i < end; i += inner) {
    let d = f32(x[i]) - row_max;
    let keep = f32(x[i]) > NEG_INF;
    if (LOG) {
      y[i] = y_type(or_neg_inf(d - log_sum, keep));
    } else {
      y[i] = y_type(select(0.0, exp(d) * scale, keep));
    }
  }
}
