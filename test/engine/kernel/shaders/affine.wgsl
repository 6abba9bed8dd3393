// y = x · FACTOR + shift: small, but with one of everything that a declaration can name.
const FACTOR: f32 = 1.0;
struct Sizes { count: u32, shift: i32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < sizes.count) {
    y[id.x] = x[id.x] * FACTOR + f32(sizes.shift);
  }
}
