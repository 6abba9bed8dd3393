// Statistics of a set of frames, first of two stages: count, mean and sum of squared deviations of one channel over one
// chunk of one utterance's real frames. About the chunk's own mean, because E[x²] - E[x]² cancels far from zero.
alias x_type = f32;
const CHUNK: u32 = 32u; // frames
struct Sizes { batch: u32, frames: u32, channels: u32, has_lengths: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;             // [batch, frames, channels]
@group(0) @binding(1) var<storage, read> lengths: array<i32>;       // [batch]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>; // [batch · chunks, 3, channels]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let chunks = (sizes.frames + CHUNK - 1u) / CHUNK;
  let channel = thread % sizes.channels;
  let row = thread / sizes.channels;
  let b = row / chunks;
  if (b >= sizes.batch) {
    return;
  }
  let start = row % chunks * CHUNK;
  var end = min(start + CHUNK, sizes.frames);
  if (sizes.has_lengths == 1u) {
    end = min(end, u32(lengths[b]));
  }
  let base = b * sizes.frames * sizes.channels + channel;
  var sum = 0.0;
  for (var t = start; t < end; t++) {
    sum += f32(x[base + t * sizes.channels]);
  }
  let count = f32(max(end, start) - start);
  let mean = sum / max(count, 1.0);
  var squares = 0.0;
  for (var t = start; t < end; t++) {
    let d = f32(x[base + t * sizes.channels]) - mean;
    squares += d * d;
  }
  let column = row * 3u * sizes.channels + channel;
  partial[column] = count;
  partial[column + sizes.channels] = mean;
  partial[column + 2u * sizes.channels] = squares;
}
