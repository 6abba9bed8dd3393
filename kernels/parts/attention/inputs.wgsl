// Bindings that all attention kernels share.
alias q_type = f32;
alias k_type = f32;
alias value_type = f32;
alias p_type = f32;
@group(0) @binding(0) var<storage, read> q: array<q_type>;         // [batch, queries, heads, width]
@group(0) @binding(1) var<storage, read> k: array<k_type>;         // [batch, keys, heads, width]
@group(0) @binding(2) var<storage, read> value: array<value_type>; // [batch, keys, heads, width]
@group(0) @binding(3) var<storage, read> p: array<p_type>;         // [2 frames - 1, heads, width]
@group(0) @binding(4) var<storage, read> biases: array<f32>;       // [2, heads, width]: u, v
@group(0) @binding(5) var<storage, read> mask: array<u32>;         // broadcast to [batch, heads, queries, keys]

fn q_at(at: vec4u) -> vec4f {
  return vec4f(f32(q[at.x]), f32(q[at.y]), f32(q[at.z]), f32(q[at.w]));
}

fn k_at(at: vec4u) -> vec4f {
  return vec4f(f32(k[at.x]), f32(k[at.y]), f32(k[at.z]), f32(k[at.w]));
}

fn value_at(at: vec4u) -> vec4f {
  return vec4f(f32(value[at.x]), f32(value[at.y]), f32(value[at.z]), f32(value[at.w]));
}

fn p_at(at: vec4u) -> vec4f {
  return vec4f(f32(p[at.x]), f32(p[at.y]), f32(p[at.z]), f32(p[at.w]));
}
