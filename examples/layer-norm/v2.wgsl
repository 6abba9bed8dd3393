// Layer norm, version 2: a subgroup per row, its lanes along the columns. Neighbouring lanes read neighbouring addresses, which a GPU
// loads at once; the sums of the lanes meet in subgroupAdd.
enable subgroups;
requires subgroup_id;
struct Sizes { rows: u32, eps: f32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;           // [rows, cols]
@group(0) @binding(1) var<storage, read> scale: array<f32>;       // [cols]
@group(0) @binding(2) var<storage, read> shift: array<f32>;       // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [rows, cols]
@group(0) @binding(4) var<storage, read_write> stats: array<f32>; // [rows, 2]: mean, 1 / standard deviation

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  for (var first = group.x * subgroups; first < sizes.rows; first += groups.x * subgroups) {
    // Subgroups past the end repeat the last row, so that all lanes take part in the sums.
    let row = min(first + subgroup, sizes.rows - 1u);
    let start = row * sizes.cols;
    var sum = 0.0;
    for (var col = lane; col < sizes.cols; col += lanes) {
      sum += x[start + col];
    }
    let mean = subgroupAdd(sum) / f32(sizes.cols);
    var squares = 0.0;
    for (var col = lane; col < sizes.cols; col += lanes) {
      let d = x[start + col] - mean;
      squares += d * d;
    }
    let rstd = inverseSqrt(subgroupAdd(squares) / f32(sizes.cols) + sizes.eps);
    for (var col = lane; col < sizes.cols; col += lanes) {
      y[start + col] = (x[start + col] - mean) * rstd * scale[col] + shift[col];
    }
    if (lane == 0u) {
      stats[2u * row] = mean;
      stats[2u * row + 1u] = rstd;
    }
  }
}
