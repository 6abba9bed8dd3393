// Chains equal indices, so that the gradient of a repeated one can be summed in a fixed order without atomics or sorting:
// next[k] is the next position with the same index, or `selected` if there is none, and leads[k] is 1 if no earlier
// position has it. One thread per position.
struct Sizes { selected: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> index: array<i32>;       // [selected]
@group(0) @binding(1) var<storage, read_write> links: array<u32>; // [selected, 2]: next, leads

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = (group.x + group.y * groups.x) * 32u + local;
  if (k >= sizes.selected) {
    return;
  }
  let own = index[k];
  var next = k + 1u;
  while (next < sizes.selected && index[next] != own) {
    next++;
  }
  var earlier = 0u;
  while (earlier < k && index[earlier] != own) {
    earlier++;
  }
  links[2u * k] = next;
  links[2u * k + 1u] = select(0u, 1u, earlier == k);
}
