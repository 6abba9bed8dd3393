// y[o, k, c] = x[o, index[k], c]: whole slices along the middle axis. With outer = 1 and
// inner = channels this is a table lookup. An index outside of [0, count) gives 0.
struct Sizes { elements: u32, count: u32, selected: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;     // [outer, count, inner]
@group(0) @binding(1) var<storage, read> index: array<i32>; // [selected]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [outer, selected, inner]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.elements; i += groups.x * 64u) {
    let row = i / sizes.inner;
    let x_index = u32(index[row % sizes.selected]); // a negative index becomes huge
    if (x_index >= sizes.count) {
      y[i] = 0.0;
      continue;
    }
    y[i] = x[((row / sizes.selected) * sizes.count + x_index) * sizes.inner + i % sizes.inner];
  }
}
