// y[k] = x[0] + … + x[k] along an axis; with BACKWARD, dx[k] = dy[k] + … + dy[last]. Where there are too few lines for a thread each, as in
// thread_line.wgsl: a workgroup takes a line of `count` elements, each of its threads a run of neighbours: it adds up its run, waits for
// the others, and continues from the sums of the runs before it. Two reads and one write an element.
const BACKWARD: bool = false;
struct Sizes { lines: u32, count: u32, inner: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [outer, count, inner]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // the same
var<workgroup> runs: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = group.x + group.y * groups.x;
  if (line >= sizes.lines) {
    return;
  }
  let start = line / sizes.inner * sizes.count * sizes.inner + line % sizes.inner;
  let length = (sizes.count + 63u) / 64u;
  let first = min(local * length, sizes.count);
  let end = min(first + length, sizes.count);
  var sum = 0.0;
  for (var k = first; k < end; k++) {
    sum += x[start + select(k, sizes.count - 1u - k, BACKWARD) * sizes.inner];
  }
  runs[local] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var run = 0u; run < local; run++) {
    sum += runs[run];
  }
  for (var k = first; k < end; k++) {
    let at = start + select(k, sizes.count - 1u - k, BACKWARD) * sizes.inner;
    sum += x[at];
    y[at] = sum;
  }
}
