// Matrix product for software drivers without wide subgroups, any size: one thread computes a tile of 8 x 8 elements of y in
// registers, so that each loaded element serves 8 products.
//   pre = op(a) · op(b) + bias,   y = activation(pre)
// Such a driver (SwiftShader) unrolls nothing, and a load is a branch for each lane: workgroup memory and dynamically
// indexed arrays are as expensive as storage, and a vec4 costs four loads. So the tile is sixteen variables, and elements are
// loaded one by one, which suits any size. GFLOP/s there, [560, 64] · [64, 192], one run on a shared machine:
// plain 0.3, workgroup_tile 0.5, this 2.6.
// Loads beyond rows or cols only affect elements that are not stored.
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

// Four rows of one column of op(a).
fn load_a(at: u32) -> vec4f {
  let step = select(sizes.stride_a, 1u, TRANSPOSE_A);
  return vec4f(f32(a[at]), f32(a[at + step]), f32(a[at + 2u * step]), f32(a[at + 3u * step]));
}

// Four columns of one row of op(b).
fn load_b(at: u32) -> vec4f {
  let step = select(1u, sizes.inner, TRANSPOSE_B);
  return vec4f(f32(b[at]), f32(b[at + step]), f32(b[at + 2u * step]), f32(b[at + 3u * step]));
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = id.y * 8u;
  let col = (id.x * 4u + lane) * 8u;
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let first = id.z % sizes.splits * sizes.chunk;
  let end = min(sizes.inner, first + sizes.chunk);
  let step_row = select(sizes.stride_a, 1u, TRANSPOSE_A);
  let step_col = select(1u, sizes.inner, TRANSPOSE_B);
  let step_a = select(1u, sizes.stride_a, TRANSPOSE_A);
  let step_b = select(sizes.cols, 1u, TRANSPOSE_B);
  var at_a = i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2 + row * step_row + first * step_a;
  var at_b = i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2 + col * step_col + first * step_b;
  // Row r: columns 0 … 3 in sr, 4 … 7 in tr.
  var s0 = vec4f(); var t0 = vec4f();
  var s1 = vec4f(); var t1 = vec4f();
  var s2 = vec4f(); var t2 = vec4f();
  var s3 = vec4f(); var t3 = vec4f();
  var s4 = vec4f(); var t4 = vec4f();
  var s5 = vec4f(); var t5 = vec4f();
  var s6 = vec4f(); var t6 = vec4f();
  var s7 = vec4f(); var t7 = vec4f();
  for (var k = first; k < end; k++) {
    let x0 = load_a(at_a);
    let x1 = load_a(at_a + 4u * step_row);
    let w0 = load_b(at_b);
    let w1 = load_b(at_b + 4u * step_col);
    s0 += x0.x * w0; t0 += x0.x * w1;
    s1 += x0.y * w0; t1 += x0.y * w1;
    s2 += x0.z * w0; t2 += x0.z * w1;
    s3 += x0.w * w0; t3 += x0.w * w1;
    s4 += x1.x * w0; t4 += x1.x * w1;
    s5 += x1.y * w0; t5 += x1.y * w1;
    s6 += x1.z * w0; t6 += x1.z * w1;
    s7 += x1.w * w0; t7 += x1.w * w1;
    at_a += step_a;
    at_b += step_b;
  }
  // Row by row, column by column, shifting the sums up, so that the epilogue is compiled once and not 64 times.
  let end_row = min(row + 8u, sizes.rows);
  let end_col = min(col + 8u, sizes.cols);
  for (var r = row; r < end_row; r++) {
    for (var c = col; c < end_col; c++) {
      var sum = s0.x;
      if (HAS_BIAS) {
        sum += bias[c];
      }
      let i = (id.z * sizes.rows + r) * sizes.cols + c;
      if (STORE_PRE) {
        pre[i] = y_type(sum);
      }
      let result = activation(sum);
      if (sizes.accumulate != 0) {
        y[i] += y_type(result);
      } else {
        y[i] = y_type(result);
      }
      s0 = vec4f(s0.yzw, t0.x);
      t0 = t0.yzwx;
    }
    s0 = s1; t0 = t1; s1 = s2; t1 = t2; s2 = s3; t2 = t3; s3 = s4; t3 = t4; s4 = s5; t4 = t5; s5 = s6; t5 = t6; s6 = s7; t6 = t7;
  }
}
