// Second stage of the gradient of a convolution's weight: dweight[o, c, tap] += Σ_chunk partial[chunk, group, tap, c, o],
// always in this order. One thread per pair of input and output channel, with all its taps; neighbours along o, so that the
// many reads are coalesced rather than the one write.
struct Sizes { chunks: u32, taps: u32, channels: u32, outs: u32, groups: u32 } // channels and outs: of a group
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> dweight: array<f32>; // [groups · outs, channels, taps]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  let pairs = sizes.groups * sizes.channels * sizes.outs;
  if (i >= pairs) {
    return;
  }
  let o = i % sizes.outs;
  let c = i / sizes.outs % sizes.channels;
  let group = i / (sizes.outs * sizes.channels);
  let first = ((group * sizes.outs + o) * sizes.channels + c) * sizes.taps;
  for (var tap = 0u; tap < sizes.taps; tap++) {
    var sum = 0.0;
    for (var chunk = 0u; chunk < sizes.chunks; chunk++) {
      sum += partial[chunk * pairs * sizes.taps + ((group * sizes.taps + tap) * sizes.channels + c) * sizes.outs + o];
    }
    dweight[first + tap] += sum;
  }
}
