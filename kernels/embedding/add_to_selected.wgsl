// The gradient of select.wgsl: dx[o, index[k], i] += Σ dy[o, k, i] over the positions k with that index. One thread per
// element of dy; the first position of each index walks the chain of its repeats, and the others do nothing.
// Indices outside of [0, count) and the index `ignored` get no gradient.
struct Sizes { threads: u32, count: u32, selected: u32, inner: u32, ignored: i32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> index: array<i32>; // [selected]
@group(0) @binding(1) var<storage, read> links: array<u32>; // [selected, 2]: next, leads
@group(0) @binding(2) var<storage, read> dy: array<f32>;    // [outer, selected, inner]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>; // [outer, count, inner]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 64u + local;
  if (thread >= sizes.threads) {
    return;
  }
  let column = thread % sizes.inner;
  let row = thread / sizes.inner;
  let first = row % sizes.selected;
  let outer = row / sizes.selected;
  let own = index[first];
  if (links[2u * first + 1u] == 0u || own == sizes.ignored || u32(own) >= sizes.count) {
    return;
  }
  var sum = 0.0;
  for (var k = first; k < sizes.selected; k = links[2u * k]) {
    sum += dy[(outer * sizes.selected + k) * sizes.inner + column];
  }
  dx[(outer * sizes.count + u32(own)) * sizes.inner + column] += sum;
}
