// biases = u, then v. As one buffer they count once towards the few that an adapter can bind at once.
// Moves only what it must: u, v and biases once.
struct Sizes { count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> u: array<f32>;             // [count]
@group(0) @binding(1) var<storage, read> v: array<f32>;             // [count]
@group(0) @binding(2) var<storage, read_write> biases: array<f32>;  // [2, count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    biases[i] = u[i];
    biases[sizes.count + i] = v[i];
  }
}
