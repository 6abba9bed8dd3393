// Global norm, first stage: each of THREADS threads sums the squares of every THREADS-th element.
const THREADS: u32 = 4096u;
struct Sizes { count: u32, offset: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> grads: array<f32>;
@group(0) @binding(1) var<storage, read_write> partial: array<f32>; // [ranges · THREADS], from offset on

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var i = id.x; i < sizes.count; i += THREADS) {
    sum += grads[i] * grads[i];
  }
  partial[sizes.offset + id.x] = sum;
}
