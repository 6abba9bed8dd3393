// Matrix product for software drivers: eight lanes compute 12 rows by 32 columns of y, four columns per lane.
//   pre = op(a) · op(b) + bias,   y = activation(pre)
// Such a driver runs a subgroup as one SIMD vector on a CPU, where memory is expensive: a load is a loop over the lanes,
// even if all of them read one address. Arithmetic and shuffles are cheap. GFLOP/s, two cores,
// [1040, 96] · [96, 384] on lavapipe, one run on a shared machine:
//   plain                                                                        2
//   8 x 8 elements per thread in registers: each load serves 8 products         15
//   the same rows for all lanes, each loading another part of a row of a, which
//     shuffles pass on to the others, so that no element is loaded twice        22
// Everything is in 4 x 4 blocks: inner and cols (rows, for a transposed) are multiples of 4. A transposed operand is loaded
// along its contiguous axis, and its blocks are transposed in registers, at no cost. Loads beyond rows or cols
// only affect elements that are not stored; only the tail of inner must be exact zeros.
// The last loop shifts the accumulators up one by one, so that the epilogue is compiled once and not 12 times.
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
  return vec4f(a[start + (row * sizes.stride_a + k) / 4u]);
}

// include parts/product_quads.wgsl

// Rows k … k + 3 and four columns of op(b), one row per column of the matrix, so that panel · v = Σ v[i] · row i.
fn load_b(start: u32, k: u32, col: u32) -> mat4x4f {
  if (TRANSPOSE_B) {
    let stride = sizes.inner / 4u;
    let at = start + col * stride + k / 4u;
    return transpose(mat4x4f(vec4f(b[at]), vec4f(b[at + stride]), vec4f(b[at + 2u * stride]), vec4f(b[at + 3u * stride])));
  }
  let stride = sizes.cols / 4u;
  let at = start + col / 4u;
  let last = sizes.inner - 1u;
  return mat4x4f(
    vec4f(b[at + k * stride]), vec4f(b[at + min(k + 1u, last) * stride]), vec4f(b[at + min(k + 2u, last) * stride]), vec4f(b[at + min(k + 3u, last) * stride]));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = id.y * 12u;
  let col = id.x * 32u + 4u * lane;
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
  for (var k = first; k < end; k += 32u) {
    // Lane l holds columns k + 4 l … k + 4 l + 3 of the 12 rows of op(a).
    let lane_k = k + 4u * lane;
    if (TRANSPOSE_A) {
      let m0 = load_transposed_a(start_a, row, lane_k); a0 = m0[0]; a1 = m0[1]; a2 = m0[2]; a3 = m0[3];
      let m1 = load_transposed_a(start_a, row + 4u, lane_k); a4 = m1[0]; a5 = m1[1]; a6 = m1[2]; a7 = m1[3];
      let m2 = load_transposed_a(start_a, row + 8u, lane_k); a8 = m2[0]; a9 = m2[1]; a10 = m2[2]; a11 = m2[3];
    } else {
      a0 = load_a(start_a, row, lane_k);
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
    let owners = min(8u, (sizes.inner - k + 3u) / 4u);
    for (var owner = 0u; owner < owners; owner++) {
      let panel = load_b(start_b, k + 4u * owner, col);
      s0 += panel * subgroupShuffle(a0, owner);
      s1 += panel * subgroupShuffle(a1, owner);
      s2 += panel * subgroupShuffle(a2, owner);
      s3 += panel * subgroupShuffle(a3, owner);
      s4 += panel * subgroupShuffle(a4, owner);
      s5 += panel * subgroupShuffle(a5, owner);
      s6 += panel * subgroupShuffle(a6, owner);
      s7 += panel * subgroupShuffle(a7, owner);
      s8 += panel * subgroupShuffle(a8, owner);
      s9 += panel * subgroupShuffle(a9, owner);
      s10 += panel * subgroupShuffle(a10, owner);
      s11 += panel * subgroupShuffle(a11, owner);
    }
  }
  if (col >= sizes.cols) {
    return;
  }
  var offset = vec4f();
  if (HAS_BIAS) {
    offset = bias[col / 4u];
  }
  let stride = sizes.cols / 4u;
  var at = (id.z * sizes.rows + row) * stride + col / 4u;
  let rows = min(12u, sizes.rows - row);
  for (var i = 0u; i < rows; i++) {
    let sum = s0 + offset;
    if (STORE_PRE) {
      pre[at] = vec4<y_type>(sum);
    }
    let result = vec4<y_type>(activation(sum));
    if (sizes.accumulate != 0) {
      y[at] += result;
    } else {
      y[at] = result;
    }
    at += stride;
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7; s7 = s8; s8 = s9; s9 = s10; s10 = s11;
  }
}
