// As subgroup_tile.wgsl, for sizes that are not multiples of 4: loads and stores single elements, which takes a third longer.
enable subgroups;
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

// Elements k … k + 3 of one row of op(a); zeros beyond inner, which end the sum.
fn load_a(start: u32, row: u32, k: u32) -> vec4f {
  return vec4f(element_a(start, row, k), element_a(start, row, k + 1u), element_a(start, row, k + 2u), element_a(start, row, k + 3u));
}

fn element_a(start: u32, row: u32, k: u32) -> f32 {
  let at = start + select(row * sizes.stride_a + k, k * sizes.stride_a + row, TRANSPOSE_A);
  return select(0.0, f32(a[at]), k < sizes.inner);
}

// Four columns of one row of op(b), clamped to the last row.
fn load_b(start: u32, k: u32, col: u32) -> vec4f {
  let row = min(k, sizes.inner - 1u);
  let step = select(1u, sizes.inner, TRANSPOSE_B);
  let at = start + select(row * sizes.cols + col, col * sizes.inner + row, TRANSPOSE_B);
  return vec4f(f32(b[at]), f32(b[at + step]), f32(b[at + 2u * step]), f32(b[at + 3u * step]));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = id.y * 16u;
  let col = id.x * 32u + 4u * lane;
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let start_a = i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2;
  let start_b = i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2;
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
  for (var k = first; k < end; k += 32u) {
    // Lane l gets columns k + 4 l … k + 4 l + 3 of the 16 rows of op(a); each load shifts the rows before it up.
    let lane_k = k + 4u * lane;
    for (var r = 0u; r < loads; r++) {
      a0 = a1; a1 = a2; a2 = a3; a3 = a4; a4 = a5; a5 = a6; a6 = a7; a7 = a8;
      a8 = a9; a9 = a10; a10 = a11; a11 = a12; a12 = a13; a13 = a14; a14 = a15;
      a15 = load_a(start_a, row + r, lane_k);
    }
    let owners = min(8u, (sizes.inner - k + 3u) / 4u);
    for (var owner = 0u; owner < owners; owner++) {
      var panel = mat4x4f();
      for (var j = 0u; j < min(4u, loads); j++) {
        panel = mat4x4f(panel[1], panel[2], panel[3], load_b(start_b, k + 4u * owner + j, col));
      }
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
  let end_row = min(row + 16u, sizes.rows);
  let end_col = min(col + 4u, sizes.cols);
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
      s0 = s0.yzwx;
    }
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7; s7 = s8;
    s8 = s9; s9 = s10; s10 = s11; s11 = s12; s12 = s13; s13 = s14; s14 = s15;
  }
}
