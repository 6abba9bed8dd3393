// One step of stochastic gradient descent with momentum, as torch.optim.SGD:
//   g = gradient + decay · p;   b = momentum · b + g (b = g at the first step);   p = p - lr · (nesterov ? g + momentum · b : b)
struct Sizes { count: u32, learning_rate: f32, momentum: f32, weight_decay: f32, first: u32, nesterov: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> grads: array<f32>;
@group(0) @binding(1) var<storage, read_write> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 64u + local;
  if (i >= sizes.count) {
    return;
  }
  let g = grads[i] + sizes.weight_decay * values[i];
  var b = g;
  if (sizes.first == 0u) {
    b = sizes.momentum * velocity[i] + g;
  }
  velocity[i] = b;
  let direction = select(b, g + sizes.momentum * b, sizes.nesterov != 0u);
  values[i] -= sizes.learning_rate * direction;
}
