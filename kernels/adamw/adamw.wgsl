// One AdamW step (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) in a single pass:
//   g = gradient · scale
//   m = β1 m + (1 - β1) g,   v = β2 v + (1 - β2) g²
//   p = p · (1 - lr · decay) - lr · (m / (1 - β1ᵗ)) / (√(v / (1 - β2ᵗ)) + ε)
// DECOUPLED false adds decay · p to the gradient instead: Adam with L2 regularisation. The host computes the bias
// corrections in float64. A negative scale says that the gradient is not finite: then nothing changes.
const DECOUPLED: bool = true;
struct Sizes { count: u32, learning_rate: f32, beta1: f32, beta2: f32, eps: f32, weight_decay: f32, correction1: f32, correction2: f32 }
var<immediate> sizes: Sizes; // correction: 1 / (1 - βᵗ)
@group(0) @binding(0) var<storage, read> scale: array<f32>; // [1]
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(4) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (scale[0] < 0.0) {
    return;
  }
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    var p = values[i];
    var g = grads[i] * scale[0];
    if (DECOUPLED) {
      p *= 1.0 - sizes.learning_rate * sizes.weight_decay;
    } else {
      g += sizes.weight_decay * p;
    }
    let m = sizes.beta1 * first_moment[i] + (1.0 - sizes.beta1) * g;
    let v = sizes.beta2 * second_moment[i] + (1.0 - sizes.beta2) * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    values[i] = p - sizes.learning_rate * (m * sizes.correction1) / (sqrt(v * sizes.correction2) + sizes.eps);
  }
}
