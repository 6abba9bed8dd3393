// The gradient of gather.wgsl: dx[o, index[o, k, i], i] += dy[o, k, i]. One thread per column (o, i), which no other thread
// touches; so equal indices add up in order, without atomics.
struct Sizes { columns: u32, count: u32, selected: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> index: array<i32>; // [outer, selected, inner]
@group(0) @binding(1) var<storage, read> dy: array<f32>;    // [outer, selected, inner]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>; // [outer, count, inner]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = (group.x + group.y * groups.x) * 32u + local;
  if (column >= sizes.columns) {
    return;
  }
  let outer = column / sizes.inner;
  let i = column % sizes.inner;
  for (var k = 0u; k < sizes.selected; k++) {
    let at = (outer * sizes.selected + k) * sizes.inner + i;
    let x_index = u32(index[at]);
    if (x_index < sizes.count) {
      dx[(outer * sizes.count + x_index) * sizes.inner + i] += dy[at];
    }
  }
}
