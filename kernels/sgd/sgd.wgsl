// One step of stochastic gradient descent with momentum, as torch.optim.SGD:
//   g = scale · gradient + decay · p;   b = momentum · b + g (b = g at the first step);   p = p - lr · (nesterov ? g + momentum · b : b)
// With SCALED, a negative scale leaves everything as it was, as in adamw.wgsl.
// 20 bytes per value, the minimum: reads p, g, b and writes p, b.
const SCALED: bool = false;
struct Sizes { quads: u32, learning_rate: f32, momentum: f32, weight_decay: f32, first: u32, nesterov: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> grads: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>; // [1]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var factor = 1.0;
  if (SCALED) {
    factor = scale[0];
    if (factor < 0.0) {
      return;
    }
  }
  for (var i = id.x; i < sizes.quads; i += groups.x * 64u) {
    let p = values[i];
    let g = factor * grads[i] + sizes.weight_decay * p;
    var b = g;
    if (sizes.first == 0u) {
      b = sizes.momentum * velocity[i] + g;
    }
    velocity[i] = b;
    let direction = select(b, g + sizes.momentum * b, sizes.nesterov != 0u);
    values[i] = p - sizes.learning_rate * direction;
  }
}
