// Matrix product, any size: one thread per element of y.
//   pre = op(a) · op(b) + bias,   y = activation(pre),   op: identity or transpose.
// The definition that the faster variants are checked against, and the kernel for sizes that are not multiples of 4.
// include parts/product.wgsl
alias a_type = f32;
alias b_type = f32;
alias y_type = f32;
@group(0) @binding(0) var<storage, read> a: array<a_type>;         // [rows, inner] or [inner, rows]
@group(0) @binding(1) var<storage, read> b: array<b_type>;         // [inner, cols] or [cols, inner]
@group(0) @binding(2) var<storage, read> bias: array<f32>;         // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<y_type>;   // [rows, cols]
@group(0) @binding(4) var<storage, read_write> pre: array<y_type>; // [rows, cols]

alias real = f32;
// include parts/activation.wgsl

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
  if (sizes.accumulate != 0) {
    y[i] += y_type(result);
  } else {
    y[i] = y_type(result);
  }
}
