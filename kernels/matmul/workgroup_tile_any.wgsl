// Matrix product for GPUs, any size: a workgroup of 8 x 8 threads computes a tile of 32 x 32 elements of y, 4 x 4 per thread.
//   pre = op(a) · op(b) + bias,   y = activation(pre)
// Sixteen columns of op(a) and rows of op(b) at a time are staged in workgroup memory, with zeros beyond the edges; there each
// element serves 32 products, and as vec4 in registers each load of two serves 16. Threads that load are neighbours along the
// contiguous axis of what they load, transposed or not.
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

const STEP: u32 = 16u; // of inner at a time
const QUADS: u32 = 8u; // of rows, and of columns, in a tile
var<workgroup> tile_a: array<vec4f, 128>; // [STEP, QUADS]: four rows
var<workgroup> tile_b: array<vec4f, 128>; // [STEP, QUADS]: four columns

// Beyond the edges an element inside is loaded and ignored.
fn element_a(start: u32, row: u32, k: u32) -> f32 {
  let clamped_row = min(row, sizes.rows - 1u);
  let clamped_k = min(k, sizes.inner - 1u);
  let at = start + select(clamped_row * sizes.stride_a + clamped_k, clamped_k * sizes.stride_a + clamped_row, TRANSPOSE_A);
  return select(0.0, f32(a[at]), row < sizes.rows && k < sizes.inner);
}

fn element_b(start: u32, k: u32, col: u32) -> f32 {
  let clamped_k = min(k, sizes.inner - 1u);
  let clamped_col = min(col, sizes.cols - 1u);
  let at = start + select(clamped_k * sizes.cols + clamped_col, clamped_col * sizes.inner + clamped_k, TRANSPOSE_B);
  return select(0.0, f32(b[at]), col < sizes.cols && k < sizes.inner);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_id) thread: vec3u, @builtin(local_invocation_index) local: u32) {
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let start_a = i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2;
  let start_b = i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2;
  let begin = id.z % sizes.splits * sizes.chunk;
  let end = min(sizes.inner, begin + sizes.chunk);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var first = begin; first < end; first += STEP) {
    for (var i = local; i < STEP * QUADS; i += 64u) {
      let k_a = select(i % STEP, i / QUADS, TRANSPOSE_A);
      let quad_a = select(i / STEP, i % QUADS, TRANSPOSE_A);
      let row = (id.y * QUADS + quad_a) * 4u;
      tile_a[k_a * QUADS + quad_a] = vec4f(
        element_a(start_a, row, first + k_a), element_a(start_a, row + 1u, first + k_a),
        element_a(start_a, row + 2u, first + k_a), element_a(start_a, row + 3u, first + k_a));
      let k_b = select(i / QUADS, i % STEP, TRANSPOSE_B);
      let quad_b = select(i % QUADS, i / STEP, TRANSPOSE_B);
      let col = (id.x * QUADS + quad_b) * 4u;
      tile_b[k_b * QUADS + quad_b] = vec4f(
        element_b(start_b, first + k_b, col), element_b(start_b, first + k_b, col + 1u),
        element_b(start_b, first + k_b, col + 2u), element_b(start_b, first + k_b, col + 3u));
    }
    workgroupBarrier();
    let steps = min(STEP, end - first);
    for (var k = 0u; k < steps; k++) {
      let x = tile_a[k * QUADS + thread.y];
      let w = tile_b[k * QUADS + thread.x];
      s0 += x.x * w;
      s1 += x.y * w;
      s2 += x.z * w;
      s3 += x.w * w;
    }
    workgroupBarrier();
  }
  var row = (id.y * QUADS + thread.y) * 4u;
  let col = (id.x * QUADS + thread.x) * 4u;
  // Row by row, column by column, shifting the sums up, so that the epilogue is compiled once and not 16 times.
  let end_row = min(row + 4u, sizes.rows);
  let end_col = min(col + 4u, sizes.cols);
  for (; row < end_row; row++) {
    for (var c = col; c < end_col; c++) {
      var sum = s0.x;
      if (HAS_BIAS) {
        sum += bias[c];
      }
      let i = (id.z * sizes.rows + row) * sizes.cols + c;
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
    s0 = s1;
    s1 = s2;
    s2 = s3;
  }
}
