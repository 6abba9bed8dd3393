// Matrix product for software drivers with four lanes (SwiftShader): a quad computes 12 rows by 16 columns of y, four columns
// per lane. As subgroup_tile.wgsl, which is for eight lanes and explains the idea; there shuffles pass a lane's part of a
// around, here quadBroadcast does, which names the lane at compile time and costs one instruction per number.
// Milliseconds of one CPU for [560, 64] · [64, 192] and for the two products of its gradients:
//   register_tile: 8 x 8 elements per thread   9.3   8.0   8.1
//   quad_tile of 8 rows                        7.2   5.9   5.5
//   quad_tile of 12 rows                       6.7   5.3   5.0
// 16 rows gain little more and take twice as long to compile.
enable subgroups;
// include parts/product.wgsl
alias a_type = f32;
alias b_type = f32;
alias y_type = f32;
@group(0) @binding(0) var<storage, read> a: array<vec4<a_type>>;         // [rows, inner] or [inner, rows]
@group(0) @binding(1) var<storage, read> b: array<vec4<b_type>>;         // [inner, cols] or [cols, inner]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;             // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<y_type>>;   // [rows, cols]
@group(0) @binding(4) var<storage, read_write> pre: array<vec4<y_type>>; // [rows, cols]

alias real = vec4f;
// include parts/activation.wgsl

// Elements k … k + 3 of one row of op(a).
fn load_a(start: u32, row: u32, k: u32) -> vec4f {
  return select(vec4f(), vec4f(a[start + (row * sizes.stride_a + k) / 4u]), k < sizes.inner);
}

// include parts/product_quads.wgsl

// Rows k … k + 3 and four columns of op(b), one row per column of the matrix, so that panel · v = Σ v[i] · row i.
fn load_b(start: u32, k: u32, col: u32) -> mat4x4f {
  if (TRANSPOSE_B) {
    let stride = sizes.inner / 4u;
    let at = start + col * stride + min(k, sizes.inner - 4u) / 4u;
    return transpose(mat4x4f(vec4f(b[at]), vec4f(b[at + stride]), vec4f(b[at + 2u * stride]), vec4f(b[at + 3u * stride])));
  }
  let stride = sizes.cols / 4u;
  let at = start + col / 4u;
  let last = sizes.inner - 1u;
  return mat4x4f(
    vec4f(b[at + min(k, last) * stride]), vec4f(b[at + min(k + 1u, last) * stride]), vec4f(b[at + min(k + 2u, last) * stride]), vec4f(b[at + min(k + 3u, last) * stride]));
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = id.y * 12u;
  let col = id.x * 16u + 4u * lane;
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let start_a = (i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2) / 4u;
  let start_b = (i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2) / 4u;
  let first = id.z % sizes.splits * sizes.chunk;
  let end = min(sizes.inner, first + sizes.chunk);
  var s0 = vec4f(); var a0 = vec4f();
  var s1 = vec4f(); var a1 = vec4f();
  var s2 = vec4f(); var a2 = vec4f();
  var s3 = vec4f(); var a3 = vec4f();
  var s4 = vec4f(); var a4 = vec4f();
  var s5 = vec4f(); var a5 = vec4f();
  var s6 = vec4f(); var a6 = vec4f();
  var s7 = vec4f(); var a7 = vec4f();
  var s8 = vec4f(); var a8 = vec4f();
  var s9 = vec4f(); var a9 = vec4f();
  var s10 = vec4f(); var a10 = vec4f();
  var s11 = vec4f(); var a11 = vec4f();
  let stride = sizes.cols / 4u;
  let start_y = (id.z * sizes.rows + row) * stride + col / 4u;
  let added = select(0u, 12u, sizes.accumulate != 0);
  for (var r = 0u; r < added; r++) {
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7; s7 = s8; s8 = s9; s9 = s10; s10 = s11;
    s11 = vec4f(y[start_y + r * stride]);
  }
  for (var k = first; k < end; k += 16u) {
    // Lane l holds columns k + 4 l … k + 4 l + 3 of the 12 rows of op(a).
    let lane_k = k + 4u * lane;
    if (TRANSPOSE_A) {
      let m0 = load_transposed_a(start_a, row + 0u, lane_k); a0 = m0[0]; a1 = m0[1]; a2 = m0[2]; a3 = m0[3];
      let m1 = load_transposed_a(start_a, row + 4u, lane_k); a4 = m1[0]; a5 = m1[1]; a6 = m1[2]; a7 = m1[3];
      let m2 = load_transposed_a(start_a, row + 8u, lane_k); a8 = m2[0]; a9 = m2[1]; a10 = m2[2]; a11 = m2[3];
    } else {
      a0 = load_a(start_a, row + 0u, lane_k);
      a1 = load_a(start_a, row + 1u, lane_k);
      a2 = load_a(start_a, row + 2u, lane_k);
      a3 = load_a(start_a, row + 3u, lane_k);
      a4 = load_a(start_a, row + 4u, lane_k);
      a5 = load_a(start_a, row + 5u, lane_k);
      a6 = load_a(start_a, row + 6u, lane_k);
      a7 = load_a(start_a, row + 7u, lane_k);
      a8 = load_a(start_a, row + 8u, lane_k);
      a9 = load_a(start_a, row + 9u, lane_k);
      a10 = load_a(start_a, row + 10u, lane_k);
      a11 = load_a(start_a, row + 11u, lane_k);
    }
    let panel0 = load_b(start_b, k + 0u, col);
    s0 += panel0 * quadBroadcast(a0, 0u);
    s1 += panel0 * quadBroadcast(a1, 0u);
    s2 += panel0 * quadBroadcast(a2, 0u);
    s3 += panel0 * quadBroadcast(a3, 0u);
    s4 += panel0 * quadBroadcast(a4, 0u);
    s5 += panel0 * quadBroadcast(a5, 0u);
    s6 += panel0 * quadBroadcast(a6, 0u);
    s7 += panel0 * quadBroadcast(a7, 0u);
    s8 += panel0 * quadBroadcast(a8, 0u);
    s9 += panel0 * quadBroadcast(a9, 0u);
    s10 += panel0 * quadBroadcast(a10, 0u);
    s11 += panel0 * quadBroadcast(a11, 0u);
    let panel1 = load_b(start_b, k + 4u, col);
    s0 += panel1 * quadBroadcast(a0, 1u);
    s1 += panel1 * quadBroadcast(a1, 1u);
    s2 += panel1 * quadBroadcast(a2, 1u);
    s3 += panel1 * quadBroadcast(a3, 1u);
    s4 += panel1 * quadBroadcast(a4, 1u);
    s5 += panel1 * quadBroadcast(a5, 1u);
    s6 += panel1 * quadBroadcast(a6, 1u);
    s7 += panel1 * quadBroadcast(a7, 1u);
    s8 += panel1 * quadBroadcast(a8, 1u);
    s9 += panel1 * quadBroadcast(a9, 1u);
    s10 += panel1 * quadBroadcast(a10, 1u);
    s11 += panel1 * quadBroadcast(a11, 1u);
    let panel2 = load_b(start_b, k + 8u, col);
    s0 += panel2 * quadBroadcast(a0, 2u);
    s1 += panel2 * quadBroadcast(a1, 2u);
    s2 += panel2 * quadBroadcast(a2, 2u);
    s3 += panel2 * quadBroadcast(a3, 2u);
    s4 += panel2 * quadBroadcast(a4, 2u);
    s5 += panel2 * quadBroadcast(a5, 2u);
    s6 += panel2 * quadBroadcast(a6, 2u);
    s7 += panel2 * quadBroadcast(a7, 2u);
    s8 += panel2 * quadBroadcast(a8, 2u);
    s9 += panel2 * quadBroadcast(a9, 2u);
    s10 += panel2 * quadBroadcast(a10, 2u);
    s11 += panel2 * quadBroadcast(a11, 2u);
    let panel3 = load_b(start_b, k + 12u, col);
    s0 += panel3 * quadBroadcast(a0, 3u);
    s1 += panel3 * quadBroadcast(a1, 3u);
    s2 += panel3 * quadBroadcast(a2, 3u);
    s3 += panel3 * quadBroadcast(a3, 3u);
    s4 += panel3 * quadBroadcast(a4, 3u);
    s5 += panel3 * quadBroadcast(a5, 3u);
    s6 += panel3 * quadBroadcast(a6, 3u);
    s7 += panel3 * quadBroadcast(a7, 3u);
    s8 += panel3 * quadBroadcast(a8, 3u);
    s9 += panel3 * quadBroadcast(a9, 3u);
    s10 += panel3 * quadBroadcast(a10, 3u);
    s11 += panel3 * quadBroadcast(a11, 3u);
  }
  if (col >= sizes.cols) {
    return;
  }
  var offset = vec4f();
  if (HAS_BIAS) {
    offset = bias[col / 4u];
  }
  var at = start_y;
  let rows = min(12u, sizes.rows - row);
  for (var i = 0u; i < rows; i++) {
    let sum = s0 + offset;
    if (STORE_PRE) {
      pre[at] = vec4<y_type>(sum);
    }
    let result = vec4<y_type>(activation(sum));
    y[at] = result;
    at += stride;
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7; s7 = s8; s8 = s9; s9 = s10; s10 = s11;
  }
}
