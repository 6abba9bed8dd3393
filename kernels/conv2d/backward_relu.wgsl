// The gradient before a convolution's final ReLU: dy where the output is positive, else 0. EACH elements per thread.
const EACH: u32 = 8u;
struct Sizes { count: u32 }
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> y: array<y_type>;
@group(0) @binding(1) var<storage, read> dy: array<y_type>;
@group(0) @binding(2) var<storage, read_write> dsum: array<y_type>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = (group.x + group.y * groups.x) * 64u * EACH + local;
  for (var k = 0u; k < EACH; k++) {
    let i = first + k * 64u;
    if (i < sizes.count) {
      dsum[i] = select(y_type(0.0), dy[i], y[i] > y_type(0.0));
    }
  }
}
