// Second stage of a reduction to a parameter's gradient: total[i] += Σ_chunk partial[chunk, offset + i], in this order
// every time. WGSL has no float atomics, so each chunk of the first stage writes its own row.
struct Sizes { chunks: u32, stride: u32, offset: u32, count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>; // [chunks, stride]
@group(0) @binding(1) var<storage, read_write> total: array<f32>; // [count]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 32u + local;
  if (i >= sizes.count) {
    return;
  }
  var sum = 0.0;
  for (var chunk = 0u; chunk < sizes.chunks; chunk++) {
    sum += partial[chunk * sizes.stride + sizes.offset + i];
  }
  total[i] += sum;
}
