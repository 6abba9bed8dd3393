// dx = dy · f'(x), element by element; op codes as in unary.wgsl.
const OP: u32 = 1u;
struct Sizes { count: u32, p: f32, q: f32 }
alias x_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read> dy: array<x_type>;
@group(0) @binding(2) var<storage, read_write> dx: array<x_type>;

// include parts/exact_activation.wgsl
// include parts/sine.wgsl

// sigmoid' = σ (1 - σ) = e / (1 + e)² with e = exp(-|v|): 1 - σ would cancel.
fn sigmoid_derivative(v: f32) -> f32 {
  let e = exp(-abs(v));
  return e / ((1.0 + e) * (1.0 + e));
}

fn derivative(v: f32) -> f32 {
  // Beyond 20 the Gaussian factors below are 0 in f32; without the clamp, powers of v would make that 0 · inf.
  let clamped = clamp(v, -20.0, 20.0);
  switch OP {
    case 1u: { return sign(v); }
    case 2u: { return 2.0 * v; }
    case 3u: { return exp(v); }
    case 4u: { return 1.0 / v; }
    case 5u: { return 0.5 * inverseSqrt(v); }
    case 6u: { return -0.5 * inverseSqrt(v) / v; }
    case 7u: { return -1.0 / (v * v); }
    case 8u: { return sigmoid_derivative(v); }
    // tanh v = 2 σ(2v) - 1
    case 9u: { return 4.0 * sigmoid_derivative(2.0 * v); }
    case 10u: { return select(0.0, 1.0, v > 0.0); }
    // (v Φ)' = Φ + v φ with the normal density φ = exp(-v²/2) / √(2π)
    case 11u: { return normal_cdf(v) + clamped * 0.39894228 * exp(-0.5 * clamped * clamped); }
    // (v σ(w))' = σ(w) + v σ'(w) w' with w = 2 √(2/π) (v + 0.044715 v³)
    case 12u: {
      let w = 1.59576912 * clamped * (1.0 + 0.044715 * clamped * clamped);
      return sigmoid(w) + clamped * sigmoid_derivative(w) * 1.59576912 * (1.0 + 0.134145 * clamped * clamped);
    }
    case 13u: { return sigmoid(v) + v * sigmoid_derivative(v); }
    case 14u: { return sigmoid(v); }
    case 18u: { return sine_of_quarters(v, 1u); } // cos
    case 19u: { return sine_of_quarters(v, 2u); } // -sin
    default: { return select(0.0, 1.0, v >= sizes.p && v <= sizes.q); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    dx[i] = x_type(f32(dy[i]) * derivative(f32(x[i])));
  }
}
