// Where each class occurs in a text: first[class] is the first label of this class, next[i] the next label equal to
// label i, or `longest` if there is none. So a frame's gradient can be gathered class by class, without atomics and
// with one write per class. One thread per element of either; labels are few.
struct Sizes { batch: u32, classes: u32, longest: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> targets: array<i32>;        // [batch, longest]
@group(0) @binding(1) var<storage, read> target_lengths: array<i32>; // [batch]
@group(0) @binding(2) var<storage, read_write> first: array<u32>;    // [batch, classes]
@group(0) @binding(3) var<storage, read_write> next: array<u32>;     // [batch, longest]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 64u + local;
  let utterance = i / (sizes.classes + sizes.longest);
  if (utterance >= sizes.batch) {
    return;
  }
  let index = i % (sizes.classes + sizes.longest);
  let text = utterance * sizes.longest;
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  var label = i32(index);
  var at = 0u;
  if (index >= sizes.classes) {
    at = index - sizes.classes + 1u;
    label = targets[text + at - 1u];
  }
  while (at < labels && targets[text + min(at, sizes.longest - 1u)] != label) {
    at++;
  }
  let found = select(sizes.longest, at, at < labels);
  if (index < sizes.classes) {
    first[utterance * sizes.classes + index] = found;
  } else {
    next[text + index - sizes.classes] = found;
  }
}
