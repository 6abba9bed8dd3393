// y = x² where x > 0, else 0 (So et al., "Primer", 2021); with BACKWARD, y = dy · 2 max(x, 0).
const BACKWARD: bool = false; // a line like this is rewritten for each value that encode() gives
struct Sizes { count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let positive = max(x[i], 0.0);
    if (BACKWARD) {
      y[i] = dy[i] * 2.0 * positive;
    } else {
      y[i] = positive * positive;
    }
  }
}
