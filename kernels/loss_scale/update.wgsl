// What an optimiser step needs to know of the whole gradient, and the update of the dynamic loss scale, in one thread. With s the
// loss scale and n the norm of the scaled gradients, which is s times too large:
//   finite      gradient_scale = min(1, max_norm / (n / s + 1e-6)) / s,   corrections = 1 / (1 - βᵗ) for step t = updates + 1
//               after `growth_interval` finite steps in a row s doubles, up to MAX_SCALE
//   not finite  gradient_scale = -1, which skips the step; s halves, down to MIN_SCALE
// The exponent bits of n tell whether it is finite, because compilers may assume that all numbers are. Powers of two, so that
// scaling rounds nothing. State in f32, which counts exactly to 2^24: scale, finite steps in a row, updates, skipped steps.
const MIN_SCALE: f32 = 1.0;
const MAX_SCALE: f32 = 16777216.0;
struct Sizes { max_norm: f32, log_beta1: f32, log_beta2: f32, growth_interval: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> norm: array<f32>;                // [1]
@group(0) @binding(1) var<storage, read_write> state: array<f32>;         // [4]
@group(0) @binding(2) var<storage, read_write> gradient_scale: array<f32>; // [1]
@group(0) @binding(3) var<storage, read_write> corrections: array<f32>;   // [2]
@group(0) @binding(4) var<storage, read_write> unscaled_norm: array<f32>; // [1]

// 1 / (1 - e^-u); by the series of 1 - e^-u where that would cancel.
fn correction(u: f32) -> f32 {
  let series = u * (1.0 - u / 2.0 * (1.0 - u / 3.0 * (1.0 - u / 4.0 * (1.0 - u / 5.0))));
  return 1.0 / select(1.0 - exp(-min(u, 80.0)), series, u < 0.1);
}

@compute @workgroup_size(1)
fn main() {
  let inverse = 1.0 / state[0];
  let true_norm = norm[0] * inverse;
  let finite = (bitcast<u32>(norm[0]) & 0x7f800000u) != 0x7f800000u;
  unscaled_norm[0] = true_norm;
  let t = state[2] + 1.0;
  corrections[0] = correction(-t * sizes.log_beta1);
  corrections[1] = correction(-t * sizes.log_beta2);
  if (!finite) {
    gradient_scale[0] = -1.0;
    state[0] = max(MIN_SCALE, state[0] * 0.5);
    state[1] = 0.0;
    state[3] += 1.0;
    return;
  }
  gradient_scale[0] = min(1.0, sizes.max_norm / (true_norm + 1e-6)) * inverse;
  let grows = state[1] + 1.0 >= sizes.growth_interval;
  state[0] = select(state[0], min(MAX_SCALE, state[0] * 2.0), grows);
  state[1] = select(state[1] + 1.0, 0.0, grows);
  state[2] = t;
}
