// As backward_subgroup_row.wgsl, for GPUs: one workgroup per row, of 32 threads or more for long rows, any number of columns.
alias y_type = f32;
alias dy_type = f32;
alias dx_type = f32;
const LOG: bool = false;
const MASKED: bool = false;
const THREADS: u32 = 256u;
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> y: array<y_type>;
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;
@group(0) @binding(2) var<storage, read_write> dx: array<dx_type>;
var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * groups.x;
  if (row >= sizes.rows) { // uniform across the workgroup, as the barriers require
    return;
  }
  let start = row * sizes.cols;
  var thread_sum = 0.0;
  for (var col = local; col < sizes.cols; col += THREADS) {
    let value = f32(y[start + col]);
    let g = f32(dy[start + col]);
    if (LOG) {
      thread_sum += select(g, 0.0, MASKED && value < NEG_INF);
    } else {
      thread_sum += value * g;
    }
  }
  sums[local] = thread_sum;
  workgroupBarrier();
  for (var stride = THREADS / 2u; stride > 0u; stride /= 2u) {
    if (local < stride) {
      sums[local] += sums[local + stride];
    }
    workgroupBarrier();
  }
  let sum = sums[0];
  for (var col = local; col < sizes.cols; col += THREADS) {
    let value = f32(y[start + col]);
    let g = f32(dy[start + col]);
    if (LOG) {
      let p = select(exp(value), 0.0, value < NEG_INF);
      dx[start + col] = dx_type(select(g - p * sum, 0.0, MASKED && value < NEG_INF));
    } else {
      dx[start + col] = dx_type(value * (g - sum));
    }
  }
}
