// Softmax, backward, from the output alone:
//   softmax       dx = y · (dy - Σ_k y_k dy_k)             masked positions have y = 0, so their gradient is 0
//   log-softmax   dx = dy - exp(y) · Σ_k dy_k              with MASKED, positions at -∞ do not count
// One thread per row of [outer, cols, inner].
alias y_type = f32;
alias dy_type = f32;
alias dx_type = f32;
const LOG: bool = false;
const MASKED: bool = false;
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> y: array<y_type>;
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;
@group(0) @binding(2) var<storage, read_write> dx: array<dx_type>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let inner = sizes.inner;
  let start = (row / inner) * sizes.cols * inner + row % inner;
  let end = start + sizes.cols * inner;
  var sum = 0.0;
  for (var i = start; i < end; i += inner) {
    if (LOG) {
      sum += select(f32(dy[i]), 0.0, MASKED && f32(y[i]) < NEG_INF);
    } else {
      sum += f32(y[i]) * f32(dy[i]);
    }
  }
  for (var i = start; i < end; i += inner) {
    if (LOG) {
      let log_p = f32(y[i]);
      let p = select(exp(log_p), 0.0, log_p < NEG_INF);
      dx[i] = dx_type(select(f32(dy[i]) - p * sum, 0.0, MASKED && log_p < NEG_INF));
    } else {
      dx[i] = dx_type(f32(y[i]) * (f32(dy[i]) - sum));
    }
  }
}
