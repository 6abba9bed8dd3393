// As subgroup_tile.wgsl, for sizes that are not multiples of 4: loads and stores single elements, which is slower and
// compiles more slowly, hence a tile of 8 rows by 32 columns.
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
  let row = id.y * 8u;
  let col = id.x * 32u + 4u * lane;
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let start_a = i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2;
  let start_b = i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2;
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
  for (var k = first; k < end; k += 32u) {
    // Lane l holds columns k + 4 l … k + 4 l + 3 of the 8 rows of op(a).
    let lane_k = k + 4u * lane;
    a0 = load_a(start_a, row, lane_k);
    a1 = load_a(start_a, row + 1u, lane_k);
    a2 = load_a(start_a, row + 2u, lane_k);
    a3 = load_a(start_a, row + 3u, lane_k);
    a4 = load_a(start_a, row + 4u, lane_k);
    a5 = load_a(start_a, row + 5u, lane_k);
    a6 = load_a(start_a, row + 6u, lane_k);
    a7 = load_a(start_a, row + 7u, lane_k);
    let owners = min(8u, (sizes.inner - k + 3u) / 4u);
    for (var owner = 0u; owner < owners; owner++) {
      let first = k + 4u * owner;
      let panel = mat4x4f(
        load_b(start_b, first, col), load_b(start_b, first + 1u, col), load_b(start_b, first + 2u, col), load_b(start_b, first + 3u, col));
      s0 += panel * subgroupShuffle(a0, owner);
      s1 += panel * subgroupShuffle(a1, owner);
      s2 += panel * subgroupShuffle(a2, owner);
      s3 += panel * subgroupShuffle(a3, owner);
      s4 += panel * subgroupShuffle(a4, owner);
      s5 += panel * subgroupShuffle(a5, owner);
      s6 += panel * subgroupShuffle(a6, owner);
      s7 += panel * subgroupShuffle(a7, owner);
    }
  }
  let end_row = min(row + 8u, sizes.rows);
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
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
  }
}
