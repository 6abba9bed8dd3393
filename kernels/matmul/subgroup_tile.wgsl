// Matrix product for software drivers: eight lanes compute 16 rows by 32 columns of y, four columns per lane.
//   pre = op(a) · op(b) + bias,   y = activation(pre)
// Such a driver runs a subgroup as one SIMD vector on a CPU, where memory is expensive: lavapipe turns the load of a vec4 into some
// 270 instructions, a test of the lane and four tests of the bounds for each of eight lanes. Arithmetic and shuffles are
// one instruction each (it has no fused multiply-add). GFLOP/s, two cores of an AMD EPYC 7003, lavapipe 25.0.7, the best of 12 rounds:
//   [1000, 144] · [144, 576]: the same rows for all lanes, each loading another part of
//     a row of a, which shuffles pass on to the others, so that nothing is loaded twice; 12 rows   10
//   16 rows, and a's rows loaded in a loop: 12 loads in a row were 24 KiB of code                 12
//   24 rows, which take three times as long to compile                                            12
//   12 rows without loads of a 15, without those of b 19, without either 46: only fewer or cheaper loads would help
// Everything is in 4 x 4 blocks: inner and cols (rows, for a transposed) are multiples of 4. A transposed operand is loaded
// along its contiguous axis, and its blocks are transposed in registers, at no cost. Loads beyond rows or cols
// only affect elements that are not stored; only the tail of inner must be exact zeros.
// The last loop shifts the accumulators up one by one, so that the epilogue is compiled once and not 16 times. Where y is added to, the
// sums start from it: reading it in the last loop took LLVM two thirds of the time to compile all this, 3.1 of 4.3 s.
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
  let row = id.y * 16u;
  let col = id.x * 32u + 4u * lane;
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let start_a = (i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2) / 4u;
  let start_b = (i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2) / 4u;
  let first = id.z % sizes.splits * sizes.chunk;
  let end = min(sizes.inner, first + sizes.chunk);
  let loads = select(16u, 0u, first >= end); // known only at run time, so that the driver does not unroll the loops over them
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
  var s12 = vec4f(); var a12 = vec4f();
  var s13 = vec4f(); var a13 = vec4f();
  var s14 = vec4f(); var a14 = vec4f();
  var s15 = vec4f(); var a15 = vec4f();
  let stride = sizes.cols / 4u;
  let start_y = (id.z * sizes.rows + row) * stride + col / 4u;
  let added = select(0u, loads, sizes.accumulate != 0);
  for (var r = 0u; r < added; r++) {
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7; s7 = s8;
    s8 = s9; s9 = s10; s10 = s11; s11 = s12; s12 = s13; s13 = s14; s14 = s15;
    s15 = vec4f(y[start_y + r * stride]);
  }
  for (var k = first; k < end; k += 32u) {
    // Lane l gets columns k + 4 l … k + 4 l + 3 of the 16 rows of op(a); each load shifts the rows before it up.
    let lane_k = k + 4u * lane;
    if (TRANSPOSE_A) {
      for (var r = 0u; r < loads; r += 4u) {
        let m = load_transposed_a(start_a, row + r, lane_k);
        a0 = a4; a1 = a5; a2 = a6; a3 = a7; a4 = a8; a5 = a9;
        a6 = a10; a7 = a11; a8 = a12; a9 = a13; a10 = a14; a11 = a15;
        a12 = m[0]; a13 = m[1]; a14 = m[2]; a15 = m[3];
      }
    } else {
      for (var r = 0u; r < loads; r++) {
        a0 = a1; a1 = a2; a2 = a3; a3 = a4; a4 = a5; a5 = a6; a6 = a7; a7 = a8;
        a8 = a9; a9 = a10; a10 = a11; a11 = a12; a12 = a13; a13 = a14; a14 = a15;
        a15 = load_a(start_a, row + r, lane_k);
      }
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
      s12 += panel * subgroupShuffle(a12, owner);
      s13 += panel * subgroupShuffle(a13, owner);
      s14 += panel * subgroupShuffle(a14, owner);
      s15 += panel * subgroupShuffle(a15, owner);
    }
  }
  if (col >= sizes.cols) {
    return;
  }
  var offset = vec4f();
  if (HAS_BIAS) {
    offset = bias[col / 4u];
  }
  var at = start_y;
  let rows = min(16u, sizes.rows - row);
  for (var i = 0u; i < rows; i++) {
    let sum = s0 + offset;
    if (STORE_PRE) {
      pre[at] = vec4<y_type>(sum);
    }
    let result = vec4<y_type>(activation(sum));
    y[at] = result;
    at += stride;
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7; s7 = s8;
    s8 = s9; s9 = s10; s10 = s11; s11 = s12; s12 = s13; s13 = s14; s14 = s15;
  }
}
