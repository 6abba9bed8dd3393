// y += x, to accumulate gradients that reach a tensor by more than one path.
struct Sizes { count: u32 }
alias x_type = f32;
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read_write> y: array<y_type>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    y[i] = y_type(f32(y[i]) + f32(x[i]));
  }
}
