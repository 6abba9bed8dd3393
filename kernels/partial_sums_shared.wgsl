// As partial_sums.wgsl, for GPUs: a workgroup takes 32 columns, eight threads each, since one thread would wait for thousands of
// chunks in turn. Each thread sums every eighth chunk, and one adds the eight sums, always in the same order.
const PARTS: u32 = 8u;
struct Sizes { chunks: u32, stride: u32, offset: u32, count: u32, more_count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;     // [chunks, stride]
@group(0) @binding(1) var<storage, read_write> total: array<f32>; // [count]
@group(0) @binding(2) var<storage, read_write> more: array<f32>;  // [more_count]
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 32u + local % 32u;
  let count = sizes.count + sizes.more_count;
  var sum = 0.0;
  for (var chunk = local / 32u; chunk < sizes.chunks && i < count; chunk += PARTS) {
    sum += partial[chunk * sizes.stride + sizes.offset + i];
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local < 32u && i < count) {
    for (var part = 1u; part < PARTS; part++) {
      sum += sums[part * 32u + local];
    }
    if (i < sizes.count) {
      total[i] += sum;
    } else {
      more[i - sizes.count] += sum;
    }
  }
}
