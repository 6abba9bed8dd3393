// CTC, backward through the reduction: the gradient of each utterance's own loss, dtotal · normaliser · weight, or 0 for an
// utterance without a path. One thread per utterance.
const IMPOSSIBLE: f32 = 5.0e29;
struct Sizes { batch: u32, dy_stride: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> dy: array<f32>;         // [batch] and stride 1, or [] and stride 0
@group(0) @binding(1) var<storage, read> normaliser: array<f32>; // [1]
@group(0) @binding(2) var<storage, read> weights: array<f32>;    // [batch]
@group(0) @binding(3) var<storage, read> path_loss: array<f32>;  // [batch]
@group(0) @binding(4) var<storage, read_write> dloss: array<f32>; // [batch]

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < sizes.batch) {
    let gradient = dy[id.x * sizes.dy_stride] * normaliser[0] * weights[id.x];
    dloss[id.x] = select(gradient, 0.0, path_loss[id.x] > IMPOSSIBLE);
  }
}
