// y[k] = x[0] + … + x[k] along an axis; with BACKWARD, dx[k] = dy[k] + … + dy[last]. A thread takes a line and goes along it: neighbouring
// threads read neighbours where the axis is not the last. One read and one write an element, no barrier; best where there are many lines,
// and on CPUs.
const BACKWARD: bool = false;
struct Sizes { lines: u32, count: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [outer, count, inner]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // the same

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var line = id.x; line < sizes.lines; line += groups.x * 64u) {
    let start = line / sizes.inner * sizes.count * sizes.inner + line % sizes.inner;
    var sum = 0.0;
    for (var k = 0u; k < sizes.count; k++) {
      let at = start + select(k, sizes.count - 1u - k, BACKWARD) * sizes.inner;
      sum += x[at];
      y[at] = sum;
    }
  }
}
