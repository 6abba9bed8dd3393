// Second stage of a reduction to parameters' gradients: total[i] += Σ_chunk partial[chunk, offset + i], always in this
// order, one thread per column. WGSL has no float atomics, so each chunk of the first stage writes its own row. The columns
// after those of `total` belong to `more`, so that two parameters of one operation take one dispatch.
struct Sizes { chunks: u32, stride: u32, offset: u32, count: u32, more_count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;     // [chunks, stride]
@group(0) @binding(1) var<storage, read_write> total: array<f32>; // [count]
@group(0) @binding(2) var<storage, read_write> more: array<f32>;  // [more_count]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 32u + local;
  if (i >= sizes.count + sizes.more_count) {
    return;
  }
  var sum = 0.0;
  for (var chunk = 0u; chunk < sizes.chunks; chunk++) {
    sum += partial[chunk * sizes.stride + sizes.offset + i];
  }
  if (i < sizes.count) {
    total[i] += sum;
  } else {
    more[i - sizes.count] += sum;
  }
}
