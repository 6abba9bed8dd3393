// y = a + b, for when a must not be overwritten.
struct Sizes { count: u32 }
alias ab_type = f32;
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> a: array<ab_type>;
@group(0) @binding(1) var<storage, read> b: array<ab_type>;
@group(0) @binding(2) var<storage, read_write> y: array<y_type>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    y[i] = y_type(f32(a[i]) + f32(b[i]));
  }
}
