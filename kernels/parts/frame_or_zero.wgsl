// x at a frame, or 0 if there is no such frame: then a valid one is loaded and ignored.
fn input(base: u32, frame: i32, readable: i32) -> f32 {
  let clamped = u32(clamp(frame, 0, max(readable, 1) - 1));
  return select(0.0, f32(x[base + clamped * sizes.channels]), frame >= 0 && frame < readable);
}
