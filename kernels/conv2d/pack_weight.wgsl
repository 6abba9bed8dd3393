// A convolution's weight as the right operand of the product in workgroup_tile.wgsl: taps first, and last the channels of the
// result, along which neighbouring threads read. packed[group, tap, c, o], or [group, tap, o, c] for the gradient of x.
// One thread per pair of input and output channel: it reads their adjacent taps, and divides once for all of them.
struct Sizes { taps: u32, channels: u32, outs: u32, groups: u32, backward: u32 } // channels and outs: of a group
alias packed_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weight: array<f32>; // [groups · outs, channels, taps]
@group(0) @binding(1) var<storage, read_write> packed: array<packed_type>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (id.x + id.y * workgroups.x) * 64u + local;
  if (i >= sizes.groups * sizes.channels * sizes.outs) {
    return;
  }
  let cols = select(sizes.outs, sizes.channels, sizes.backward == 1u);
  let depth = select(sizes.channels, sizes.outs, sizes.backward == 1u);
  let last = i % cols;
  let before = i / cols % depth;
  let group = i / (cols * depth);
  let o = select(last, before, sizes.backward == 1u);
  let c = select(before, last, sizes.backward == 1u);
  let first = ((group * sizes.outs + o) * sizes.channels + c) * sizes.taps;
  for (var tap = 0u; tap < sizes.taps; tap++) {
    packed[((group * sizes.taps + tap) * depth + before) * cols + last] = packed_type(weight[first + tap]);
  }
}
