// The index of the first largest element along the middle axis of x [outer, count, inner]; one thread per result.
struct Sizes { results: u32, count: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>; // [outer, inner]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let result = (group.x + group.y * groups.x) * 32u + local;
  if (result >= sizes.results) {
    return;
  }
  let start = (result / sizes.inner) * sizes.count * sizes.inner + result % sizes.inner;
  var best = 0u;
  var max_value = x[start];
  for (var k = 1u; k < sizes.count; k++) {
    let value = x[start + k * sizes.inner];
    if (value > max_value) {
      max_value = value;
      best = k;
    }
  }
  y[result] = i32(best);
}
