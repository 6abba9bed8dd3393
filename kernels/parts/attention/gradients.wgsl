// Further bindings of the backward kernels. Each declares `stats` itself, since one of them also writes it.
alias dy_type = f32;
@group(0) @binding(6) var<storage, read> dy: array<dy_type>;       // [batch, queries, heads, width]

fn dy_at(at: vec4u) -> vec4f {
  return vec4f(f32(dy[at.x]), f32(dy[at.y]), f32(dy[at.z]), f32(dy[at.w]));
}

// log Σ_j exp s_ij of four queries.
fn lse_at(at: vec4u) -> vec4f {
  return vec4f(stats[at.x], stats[at.y], stats[at.z], stats[at.w]);
}

// dy_i · y_i of four queries.
fn delta_at(at: vec4u) -> vec4f {
  return lse_at(at + sizes.batch * sizes.heads * sizes.queries);
}

fn u_at(at: vec4u) -> vec4f {
  return vec4f(biases[at.x], biases[at.y], biases[at.z], biases[at.w]);
}

fn v_at(at: vec4u) -> vec4f {
  return u_at(at + sizes.heads * sizes.width);
}
