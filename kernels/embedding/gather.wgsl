// y[o, k, i] = x[o, index[o, k, i], i]: one element along the middle axis for each; one thread an element of y. An index
// outside of [0, count) gives 0.
struct Sizes { threads: u32, count: u32, selected: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;     // [outer, count, inner]
@group(0) @binding(1) var<storage, read> index: array<i32>; // [outer, selected, inner]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [outer, selected, inner]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 64u + local;
  if (thread >= sizes.threads) {
    return;
  }
  let outer = thread / (sizes.selected * sizes.inner);
  let chosen = u32(index[thread]); // a negative one becomes very large
  if (chosen >= sizes.count) {
    y[thread] = 0.0;
    return;
  }
  y[thread] = x[(outer * sizes.count + chosen) * sizes.inner + thread % sizes.inner];
}
