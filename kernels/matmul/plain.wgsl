// Matrix product, any size: one thread an element of y.
//   pre = op(a) · op(b) + bias,   y = activation(pre),   op: as it is, or transposed.
// This is the definition the faster variants are held to, and what sizes that are no multiple of 4 run on.
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const ACCUMULATE: bool = false;  // y += instead of y =
const HAS_BIAS: bool = false;    // otherwise bias is bound to anything
const ACTIVATION: u32 = 0u;      // none, relu, silu, gelu, sigmoid, tanh
const STORE_PRE: bool = false;   // otherwise pre is bound to anything
struct Sizes {
  rows: u32, cols: u32, inner: u32,
  size0: u32, size1: u32, size2: u32, // groups of batch axes
  a0: u32, a1: u32, a2: u32,          // elements between matrices of a, per group
  b0: u32, b1: u32, b2: u32,
  splits: u32, chunk: u32,            // y has that many parts a matrix, each the sum over a chunk of inner
  stride_a: u32,                      // elements from a row of a, as it is stored, to the next
}
alias a_type = f32;
alias b_type = f32;
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> a: array<a_type>;         // [rows, inner] or [inner, rows]
@group(0) @binding(1) var<storage, read> b: array<b_type>;         // [inner, cols] or [cols, inner]
@group(0) @binding(2) var<storage, read> bias: array<f32>;         // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<y_type>;   // [rows, cols]
@group(0) @binding(4) var<storage, read_write> pre: array<y_type>; // [rows, cols]

// Φ(x), the normal distribution function, by Abramowitz and Stegun 7.1.26: absolute error below 1e-7.
fn normal_cdf(x: f32) -> f32 {
  let z = min(abs(x) * 0.70710678, 9.0);
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  let tail = 0.5 * polynomial * exp(-z * z);
  return select(tail, 1.0 - tail, x > 0.0);
}

// With an exponent that is never positive.
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

fn activation(x: f32) -> f32 {
  switch (ACTIVATION) {
    case 1u: { return select(x, 0.0, x <= 0.0); } // max(NaN, 0) is 0 on GPUs
    case 2u: { return x * sigmoid(x); }
    case 3u: { return x * normal_cdf(x); }
    case 4u: { return sigmoid(x); }
    case 5u: { return select(x, tanh(clamp(x, -15.0, 15.0)), abs(x) >= 0.0); } // NaN stays NaN
    default: { return x; }
  }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x;
  let row = id.y;
  if (row >= sizes.rows || col >= sizes.cols) {
    return;
  }
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let first = id.z % sizes.splits * sizes.chunk;
  let end = min(sizes.inner, first + sizes.chunk);
  let step_a = select(1u, sizes.stride_a, TRANSPOSE_A);
  let step_b = select(sizes.cols, 1u, TRANSPOSE_B);
  var at_a = i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2 + row * select(sizes.stride_a, 1u, TRANSPOSE_A) + first * step_a;
  var at_b = i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2 + col * select(1u, sizes.inner, TRANSPOSE_B) + first * step_b;
  var sum = 0.0;
  for (var k = first; k < end; k++) {
    sum = fma(f32(a[at_a]), f32(b[at_b]), sum);
    at_a += step_a;
    at_b += step_b;
  }
  if (HAS_BIAS) {
    sum += bias[col];
  }
  let i = (id.z * sizes.rows + row) * sizes.cols + col;
  if (STORE_PRE) {
    pre[i] = y_type(sum);
  }
  let result = activation(sum);
  if (ACCUMULATE) {
    y[i] += y_type(result);
  } else {
    y[i] = y_type(result);
  }
}
