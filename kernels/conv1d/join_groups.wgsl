// Joins the groups of a result's channels again and adds the bias: y[b, t, first channel of g + o] = split[b, g, t, o] + bias.
// One thread per element.
struct Sizes { batch: u32, frames: u32, channels: u32, groups: u32, has_bias: u32 }
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> split: array<f32>;       // [batch, groups, frames, channels / groups]
@group(0) @binding(1) var<storage, read> bias: array<f32>;        // [channels], where has_bias
@group(0) @binding(2) var<storage, read_write> y: array<y_type>;  // [batch, frames, channels]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  if (i >= sizes.batch * sizes.frames * sizes.channels) {
    return;
  }
  let width = sizes.channels / sizes.groups;
  let channel = i % sizes.channels;
  let row = i / sizes.channels;
  let first = (row / sizes.frames * sizes.groups + channel / width) * sizes.frames + row % sizes.frames;
  y[i] = y_type(split[first * width + channel % width] + select(0.0, bias[channel], sizes.has_bias == 1u));
}
