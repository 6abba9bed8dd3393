// y = x / (1 - rate) where element i is kept, else 0. An element is kept with probability 1 - rate, according to a
// hash of (seed, step, site, first + i) as in engine/random.ts: `prefix` is the hash of the first three, `first` counts the elements
// of the whole batch that come before x, and `threshold` is rate · 2²⁴. This depends on i alone, so the gradient is the same kernel on dy, and nothing is saved.
struct Sizes { count: u32, prefix: u32, first: u32, threshold: u32, factor: f32 }
alias x_type = f32;
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read_write> y: array<y_type>;

// include parts/random_bits.wgsl

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let uniform_24_bits = mix(sizes.prefix ^ (sizes.first + i)) >> 8u;
    y[i] = y_type(select(0.0, f32(x[i]) * sizes.factor, uniform_24_bits >= sizes.threshold));
  }
}
