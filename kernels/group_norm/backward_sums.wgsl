// Backward to the input, the sums it needs of each set and group: Σ g · x̂ and Σ g with g = dy · scale, from the chunks'
// sums of dy · x̂ and dy. One thread per group; each of its channels gets a copy.
struct Sizes { sets: u32, rows: u32, channels: u32, width: u32 } // rows of a set, channels of a group
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;    // [sets · rows, 2, channels]
@group(0) @binding(1) var<storage, read> scale: array<f32>;      // [channels]
@group(0) @binding(2) var<storage, read_write> sums: array<f32>; // [sets, 2, channels]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let first = thread * sizes.width % sizes.channels;
  let index = thread * sizes.width / sizes.channels;
  if (index >= sizes.sets) {
    return;
  }
  var sum_gx = 0.0;
  var sum_g = 0.0;
  for (var row = index * sizes.rows; row < (index + 1u) * sizes.rows; row++) {
    for (var channel = first; channel < first + sizes.width; channel++) {
      sum_gx += scale[channel] * partial[row * 2u * sizes.channels + channel];
      sum_g += scale[channel] * partial[(row * 2u + 1u) * sizes.channels + channel];
    }
  }
  for (var channel = first; channel < first + sizes.width; channel++) {
    sums[index * 2u * sizes.channels + channel] = sum_gx;
    sums[(index * 2u + 1u) * sizes.channels + channel] = sum_g;
  }
}
