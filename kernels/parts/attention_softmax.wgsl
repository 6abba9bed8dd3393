// The softmax of scores as tiles come, with the largest so far.

fn largest_of(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

fn weight(s: vec4f, largest: f32) -> vec4f {
  return select(vec4f(), exp(max(s - largest, vec4f(-80.0))), s > vec4f(-1e38));
}
