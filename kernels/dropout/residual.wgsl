// y = x + factor · dropout(update), element by element: what every module of a Conformer ends with, in one pass over memory
// instead of two. Which elements are kept is decided as in dropout.wgsl; its `factor` times the residual's is ours, and a
// threshold of 0 keeps all. Its gradient with respect to the update is dropout.wgsl on dy.
// Bytes: read x and update, write y, which is the least. A layer's stream x stays f32 where the update is f16.
struct Sizes { count: u32, prefix: u32, threshold: u32, factor: f32 }
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
    let uniform_24_bits = mix(sizes.prefix ^ i) >> 8u;
    y[i] = x_type(f32(x[i]) + select(0.0, f32(update[i]) * sizes.factor, uniform_24_bits >= sizes.threshold));
  }
}
