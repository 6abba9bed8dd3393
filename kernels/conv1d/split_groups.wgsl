// Separates the groups of a signal's channels, and pads with zeros as the convolution does:
//   split[b, g, t, c] = x[b, t - padding, first channel of g + c].
// One thread per element.
struct Sizes { batch: u32, frames: u32, channels: u32, groups: u32, padding: u32, padded: u32 }
alias x_type = f32;
alias split_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;                // [batch, frames, channels]
@group(0) @binding(1) var<storage, read_write> split: array<split_type>;  // [batch, groups, padded, channels / groups]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  if (i >= sizes.batch * sizes.padded * sizes.channels) {
    return;
  }
  let width = sizes.channels / sizes.groups;
  let row = i / width;
  let matrix = row / sizes.padded;
  let frame = row % sizes.padded - sizes.padding; // wraps around before the first frame
  let channel = matrix % sizes.groups * width + i % width;
  let value = x[(matrix / sizes.groups * sizes.frames + frame) * sizes.channels + channel];
  split[i] = select(split_type(0.0), split_type(value), frame < sizes.frames);
}
