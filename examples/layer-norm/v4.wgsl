// Layer norm, version 4: as version 3, with both sums in one pass: variance = Σ d² / n - (Σ d / n)², d = x - pivot. The pivot is a value
// of the row; without it the difference would cancel for rows far from zero.
enable subgroups;
requires subgroup_id;
struct Sizes { rows: u32, eps: f32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4f>;           // [rows, cols]
@group(0) @binding(1) var<storage, read> scale: array<vec4f>;       // [cols]
@group(0) @binding(2) var<storage, read> shift: array<vec4f>;       // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;     // [rows, cols]
@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>; // [rows, 2]: mean, 1 / standard deviation

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let quads = sizes.cols / 4u;
  for (var first = group.x * subgroups; first < sizes.rows; first += groups.x * subgroups) {
    let row = min(first + subgroup, sizes.rows - 1u);
    let start = row * quads;
    let pivot = x[start].x;
    var sum = vec4f(0.0);
    var squares = vec4f(0.0);
    for (var col = lane; col < quads; col += lanes) {
      let d = x[start + col] - pivot;
      sum += d;
      squares += d * d;
    }
    let offset = subgroupAdd(dot(sum, vec4f(1.0))) / f32(sizes.cols);
    let square = subgroupAdd(dot(squares, vec4f(1.0))) / f32(sizes.cols);
    let mean = pivot + offset;
    let rstd = inverseSqrt(max(square - offset * offset, 0.0) + sizes.eps);
    for (var col = lane; col < quads; col += lanes) {
      y[start + col] = (x[start + col] - mean) * rstd * scale[col] + shift[col];
    }
    if (lane == 0u) {
      stats[row] = vec2f(mean, rstd);
    }
  }
}
