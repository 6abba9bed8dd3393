// Statistics of a set of frames, second stage: merges the chunks of a set and the channels of a group by
//   mean' = mean + δ · n / N,   squares' = squares + squares_n + δ² · (N - n) · n / N,   δ = mean_n - mean
// (Chan, Golub, LeVeque, 1979), where n more values make N. One thread per group; each of its channels gets a copy.
struct Sizes { sets: u32, rows: u32, channels: u32, width: u32 } // rows of a set, channels of a group
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;     // [sets · rows, 3, channels]: count, mean, squares
@group(0) @binding(1) var<storage, read_write> stats: array<f32>; // [sets, 3, channels]: mean, variance, 1 / count

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  let first = thread * sizes.width % sizes.channels;
  let index = thread * sizes.width / sizes.channels;
  if (index >= sizes.sets) {
    return;
  }
  var count = 0.0;
  var mean = 0.0;
  var squares = 0.0;
  for (var row = index * sizes.rows; row < (index + 1u) * sizes.rows; row++) {
    for (var channel = first; channel < first + sizes.width; channel++) {
      let column = row * 3u * sizes.channels + channel;
      let more = partial[column];
      let total = max(count + more, 1.0);
      let delta = partial[column + sizes.channels] - mean;
      mean += delta * (more / total);
      squares += partial[column + 2u * sizes.channels] + delta * delta * (count * more / total);
      count += more;
    }
  }
  let inverse = 1.0 / max(count, 1.0);
  for (var channel = first; channel < first + sizes.width; channel++) {
    let column = index * 3u * sizes.channels + channel;
    stats[column] = mean;
    stats[column + sizes.channels] = squares * inverse;
    stats[column + 2u * sizes.channels] = inverse;
  }
}
