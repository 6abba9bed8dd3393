// exp(s · scale - lse), 0 where masked. The scores are of one query, whose lse is a number, or of four.
fn weight(s: vec4f, lse: lse_type, keep: vec4<bool>) -> vec4f {
  return select(vec4f(), exp(clamp(s * sizes.scale - lse, vec4f(-80.0), vec4f(0.01))), keep);
}
