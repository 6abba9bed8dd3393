// y = 4 x, by parts that this shader includes.
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

alias real = vec4f;
// include parts/twice.wgsl
// include parts/four_times.wgsl

@compute @workgroup_size(1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = four_times(x[id.x]);
}
