// y = x + factor · dropout(update), element by element: the end of every module of a Conformer, in one pass over memory
// instead of two. Elements are kept as in dropout.wgsl; `factor` here is dropout's times the residual's, and a
// threshold of 0 keeps all. The gradient with respect to the update is dropout.wgsl on dy.
// Moves only what it must: reads x and update, writes y. A layer's stream x stays f32 where the update is f16.
struct Sizes { count: u32, prefix: u32, first: u32, threshold: u32, factor: f32 }
alias x_type = f32;
alias update_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> update: array<update_type>;
@group(0) @binding(2) var<storage, read_write> y: array<x_type>;

// include parts/random_bits.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let uniform_24_bits = mix(sizes.prefix ^ (sizes.first + i)) >> 8u;
    y[i] = x_type(f32(x[i]) + select(0.0, f32(update[i]) * sizes.factor, uniform_24_bits >= sizes.threshold));
  }
}
