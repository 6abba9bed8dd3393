// Online softmax: the weights of a tile of scores, given the running maximum.
// include parts/neg_inf.wgsl

fn max_of(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

fn weight(s: vec4f, running_max: f32) -> vec4f {
  return select(vec4f(), exp(max(s - running_max, vec4f(-80.0))), s > vec4f(-1e38));
}
