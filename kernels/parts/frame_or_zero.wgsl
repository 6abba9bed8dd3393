// x at a frame, 0 where there is none: a frame that there is is loaded in its place.
fn input(base: u32, frame: i32, readable: i32) -> f32 {
  let clamped = u32(clamp(frame, 0, max(readable, 1) - 1));
  return select(0.0, f32(x[base + clamped * sizes.channels]), frame >= 0 && frame < readable);
}
