// y = f(x), element by element. Every formula is stable: no intermediate result overflows where
// the function itself does not. NaN stays NaN, which a GPU's max and min and some drivers' exp and log do not ensure. WGSL's own tanh
// may overflow and is only good to 1e-5, and there is no erf.
const OP: u32 = 0u;
struct Sizes { count: u32, p: f32, q: f32 }
alias x_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;
@group(0) @binding(1) var<storage, read_write> y: array<x_type>;

// include parts/exact_activation.wgsl
// include parts/sine.wgsl

// (1 - e⁻²ᵛ) / (1 + e⁻²ᵛ); near 0, where that cancels, the Taylor series.
fn stable_tanh(v: f32) -> f32 {
  if (abs(v) < 0.2) {
    let s = v * v;
    return v * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 - s * (17.0 / 315.0))));
  }
  let e = exp(-2.0 * abs(v));
  return sign(v) * (1.0 - e) / (1.0 + e);
}

// log(1 + e) for e in [0, 1].
fn log1p(e: f32) -> f32 {
  if (e < 0.02) {
    return e * (1.0 - e * (0.5 - e * (1.0 / 3.0 - e * 0.25)));
  }
  return log(1.0 + e);
}

fn f(v: f32) -> f32 {
  switch OP {
    case 0u: { return -v; }
    case 1u: { return abs(v); }
    case 2u: { return v * v; }
    case 3u: { return exp(v); }
    case 4u: { return log(v); }
    case 5u: { return sqrt(v); }
    case 6u: { return inverseSqrt(v); }
    case 7u: { return 1.0 / v; }
    case 8u: { return sigmoid(v); }
    case 9u: { return stable_tanh(v); }
    case 10u: { return max(v, 0.0); }
    case 11u: { return v * normal_cdf(v); }
    // gelu, tanh form: v/2 · (1 + tanh u) = v · sigmoid(2u) with u = √(2/π) · (v + 0.044715 v³).
    case 12u: { return v * sigmoid(1.59576912 * v * (1.0 + 0.044715 * v * v)); }
    case 13u: { return v * sigmoid(v); }
    case 14u: { return max(v, 0.0) + log1p(exp(-abs(v))); }
    case 15u: { return v * sizes.p; }
    case 16u: { return v + sizes.p; }
    case 18u: { return sine_of_quarters(v, 0u); }
    case 19u: { return sine_of_quarters(v, 1u); }
    default: { return min(max(v, sizes.p), sizes.q); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let v = f32(x[i]);
    let is_nan = (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; // by its bits: compilers may assume that NaN does not occur
    y[i] = x_type(select(f(v), v, is_nan));
  }
}
