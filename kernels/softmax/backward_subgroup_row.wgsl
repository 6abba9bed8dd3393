// As backward_thread_row.wgsl along the last axis, one subgroup of any width per row, four neighbouring columns per lane:
//   softmax       dx = y · (dy - Σ_k y_k dy_k)
//   log-softmax   dx = dy - exp(y) · Σ_k dy_k              with MASKED, positions at -∞ do not count
enable subgroups;
requires subgroup_id;
alias y_type = f32;
alias dy_type = f32;
alias dx_type = f32;
const LOG: bool = false;
const MASKED: bool = false;
// include parts/neg_inf.wgsl
struct Sizes { rows: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> y: array<vec4<y_type>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<dy_type>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<dx_type>>;

// dy, 0 where masked.
fn masked_dy(at: u32, values: vec4f) -> vec4f {
  let g = vec4f(dy[at]);
  if (LOG && MASKED) {
    return select(g, vec4f(0.0), values < vec4f(NEG_INF));
  }
  return g;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let quads = sizes.cols / 4u;
  for (var first = group.x * subgroups; first < sizes.rows; first += groups.x * subgroups) {
    // Subgroups past the end repeat the last row, so that all lanes take part in the reduction.
    let start = min(first + subgroup, sizes.rows - 1u) * quads;
    var lane_sum = 0.0;
    for (var quad = lane; quad < quads; quad += lanes) {
      let values = vec4f(y[start + quad]);
      lane_sum += dot(masked_dy(start + quad, values), select(values, vec4f(1.0), LOG));
    }
    let sum = subgroupAdd(lane_sum);
    for (var quad = lane; quad < quads; quad += lanes) {
      let values = vec4f(y[start + quad]);
      let g = masked_dy(start + quad, values);
      if (LOG) {
        dx[start + quad] = vec4<dx_type>(g - select(exp(values), vec4f(0.0), values < vec4f(NEG_INF)) * sum);
      } else {
        dx[start + quad] = vec4<dx_type>(values * (g - sum));
      }
    }
  }
}
