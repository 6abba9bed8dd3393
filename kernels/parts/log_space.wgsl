// Sums of probabilities in log space, where LOG_ZERO stands for log 0.
fn log_probability(row: u32, label: i32) -> f32 {
  // A label outside the classes cannot be emitted.
  if (u32(label) >= sizes.classes) {
    return LOG_ZERO;
  }
  return max(logits[row * sizes.classes + u32(label)] - log_normaliser[row], LOG_ZERO);
}

fn log_add(a: f32, b: f32) -> f32 {
  return max(a, b) + log(1.0 + exp(min(a, b) - max(a, b)));
}
