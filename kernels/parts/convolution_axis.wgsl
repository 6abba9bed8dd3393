// One axis: `count` positions of the result, `taps` taps from number `tap` on, each `tap_step` after the one before. For
// position q, the m-th tap reads the source at q · source_stride + start + m · shift.
struct Axis { count: u32, source_stride: u32, start: i32, shift: i32, taps: u32, tap: u32, tap_step: u32 }

fn axis_of(size: u32, out_size: u32, kernel: u32, padding: u32, phase: u32) -> Axis {
  if (!BACKWARD) {
    return Axis(out_size, sizes.stride, -i32(padding), i32(sizes.dilation), kernel, 0u, 1u);
  }
  var tap = 0u;
  while (tap < kernel && (i32(phase + padding) - i32(tap * sizes.dilation)) % i32(sizes.stride) != 0) {
    tap++;
  }
  var tap_step = 1u;
  while (tap_step * sizes.dilation % sizes.stride != 0u) {
    tap_step++;
  }
  let start = (i32(phase + padding) - i32(tap * sizes.dilation)) / i32(sizes.stride);
  let shift = -i32(tap_step * sizes.dilation / sizes.stride);
  return Axis((size - phase + sizes.stride - 1u) / sizes.stride, 1u, start, shift, (kernel - tap + tap_step - 1u) / tap_step, tap, tap_step);
}
