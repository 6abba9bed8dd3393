// Matrix product of f16 operands on a GPU's matrix units, with sums in f32: a workgroup computes a square tile of y, each of
// its subgroups of 32 threads half of the tile's rows by 32 of its columns, in blocks of 16 x 16.
//   pre = op(a) · op(b) + bias,   y = activation(pre)
// The units multiply two blocks of 16 x 16 in one instruction, some ten times as fast as the f32 arithmetic of
// workgroup_tile.wgsl. The task that remains is to feed them:
//   32 columns of op(a) and rows of op(b) at a time are staged in workgroup memory as they are stored, transposed or not: the
//     units load a block along either axis. Lines there are 16 bytes longer than the tile, so that the eight lines of 16 bytes
//     that are read at once lie in different banks. Four elements are stored at a time: one by one, as 16 bits each, a step's
//     stores would take twice as long as its products
//   the next step's elements travel from memory to registers while this step's are multiplied
//   a subgroup of the 128 x 128 tile loads 4 + 2 blocks for 8 products, so that workgroup memory is no limit
// Bytes moved: as workgroup_tile.wgsl, at two per element of a and b. Registers: 64 for eight blocks of sums, 16 for the next step.
// Predicted for an H200: 20 to 40 % of 990 TFLOP/s, limited by the staging of a step, not by the units.
// A block's single elements cannot be accessed, so sums go through workgroup memory, block by block, to bias, activation and y.
// A block that reached beyond an array would be wrong in all of its elements, hence zeros beyond inner, and arrays a little
// longer than needed. Beyond rows or cols the last ones are loaded again, for elements that are not stored.
// inner and cols (rows, for a transposed) are multiples of 4. No software driver has matrix units: there the tests replace the
// blocks by arrays and run the rest of this file as it is.
enable f16;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // barriers and blocks are all outside of branches
const TILE: u32 = 128u;          // rows and columns of y a workgroup computes: 128 or 64
// include parts/product.wgsl
alias y_type = f32;
alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Result = subgroup_matrix_result<f32, 16, 16>;
@group(0) @binding(0) var<storage, read> a: array<vec4<f16>>;               // [rows, inner] or [inner, rows]
@group(0) @binding(1) var<storage, read> b: array<vec4<f16>>;               // [inner, cols] or [cols, inner]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;                // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<y_type>>;      // [rows, cols]
@group(0) @binding(4) var<storage, read_write> pre: array<vec4<y_type>>;    // [rows, cols]

const LANES: u32 = 32u;                       // of a subgroup
const THREADS: u32 = TILE * 2u;               // two subgroups for each 32 columns
const STEP: u32 = 32u;                        // of inner at a time
const LINE_A: u32 = select(STEP, TILE, TRANSPOSE_A) / 4u; // quads that lie side by side
const LINE_B: u32 = select(TILE, STEP, TRANSPOSE_B) / 4u;
const STRIDE_A: u32 = LINE_A + 2u;
const STRIDE_B: u32 = LINE_B + 2u;
const STRIDE: u32 = 20u;                      // elements of a block of sums
var<workgroup> tile_a: array<vec4<f16>, TILE * 10u + 8u>; // quads of [TILE, STEP] or, transposed, [STEP, TILE]
var<workgroup> tile_b: array<vec4<f16>, TILE * 10u + 8u>; // quads of [STEP, TILE] or, transposed, [TILE, STEP]
var<workgroup> sums: array<f32, TILE * 20u>;         // a block for each subgroup

alias real = vec4f;
// include parts/activation.wgsl

// The index of four neighbours in a line of an operand, which has `lines` lines of `length` elements; clamped to the last.
fn quad_index(line: u32, lines: u32, along: u32, length: u32, stride: u32) -> u32 {
  return (min(line, lines - 1u) * stride + min(along, length - 4u)) / 4u;
}

// The i-th four elements of a step of op(a) from (row, k) on; zeros from position `end` of inner on.
fn fetch_a(start: u32, row: u32, k: u32, end: u32, i: u32) -> vec4<f16> {
  let line = i / LINE_A;
  let along = i % LINE_A * 4u;
  let at = start + select(
    quad_index(row + line, sizes.rows, k + along, sizes.inner, sizes.stride_a), quad_index(k + line, sizes.inner, row + along, sizes.rows, sizes.stride_a), TRANSPOSE_A);
  return select(vec4<f16>(), a[at], end > k + select(along, line, TRANSPOSE_A));
}

fn fetch_b(start: u32, col: u32, k: u32, end: u32, i: u32) -> vec4<f16> {
  let line = i / LINE_B;
  let along = i % LINE_B * 4u;
  let at = start + select(
    quad_index(k + line, sizes.inner, col + along, sizes.cols, sizes.cols), quad_index(col + line, sizes.cols, k + along, sizes.inner, sizes.inner), TRANSPOSE_B);
  return select(vec4<f16>(), b[at], end > k + select(line, along, TRANSPOSE_B));
}

fn stage_a(i: u32, x: vec4<f16>) {
  tile_a[i / LINE_A * STRIDE_A + i % LINE_A] = x;
}

fn stage_b(i: u32, x: vec4<f16>) {
  tile_b[i / LINE_B * STRIDE_B + i % LINE_B] = x;
}

// The block of op(a) at (row, k) of the tile. Indices and strides of a load count the array's elements: quads.
fn block_a(row: u32, k: u32) -> Left {
  if (TRANSPOSE_A) {
    return subgroupMatrixLoad<Left, col_major>(&tile_a, k * STRIDE_A + row / 4u, STRIDE_A);
  }
  return subgroupMatrixLoad<Left, row_major>(&tile_a, row * STRIDE_A + k / 4u, STRIDE_A);
}

fn block_b(k: u32, col: u32) -> Right {
  if (TRANSPOSE_B) {
    return subgroupMatrixLoad<Right, col_major>(&tile_b, col * STRIDE_B + k / 4u, STRIDE_B);
  }
  return subgroupMatrixLoad<Right, row_major>(&tile_b, k * STRIDE_B + col / 4u, STRIDE_B);
}

// Stores the subgroup's block of sums at (row, col) of y.
fn store(sum_block: Result, part: u32, row: u32, col: u32, local: u32) {
  let first = local / LANES * (16u * STRIDE);
  subgroupMatrixStore<row_major>(&sums, first, sum_block, STRIDE);
  workgroupBarrier();
  for (var i = local % LANES; i < 64u; i += LANES) {
    let at = first + i / 4u * STRIDE + i % 4u * 4u;
    store_quad(part, row + i / 4u, col / 4u + i % 4u, vec4f(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]));
  }
  workgroupBarrier();
}

fn store_quad(part: u32, row: u32, quad_col: u32, product: vec4f) {
  let stride = sizes.cols / 4u;
  if (row >= sizes.rows || quad_col >= stride) {
    return;
  }
  var sum = product;
  if (HAS_BIAS) {
    sum += bias[quad_col];
  }
  let at = (part * sizes.rows + row) * stride + quad_col;
  if (STORE_PRE) {
    pre[at] = vec4<y_type>(sum);
  }
  let result = vec4<y_type>(activation(sum));
  if (sizes.accumulate != 0) {
    y[at] += result;
  } else {
    y[at] = result;
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let matrix = id.z / sizes.splits;
  let i2 = matrix % sizes.size2;
  let i1 = matrix / sizes.size2 % sizes.size1;
  let i0 = matrix / sizes.size2 / sizes.size1;
  let start_a = (i0 * sizes.a0 + i1 * sizes.a1 + i2 * sizes.a2) / 4u;
  let start_b = (i0 * sizes.b0 + i1 * sizes.b1 + i2 * sizes.b2) / 4u;
  let first = id.z % sizes.splits * sizes.chunk;
  let end = min(sizes.inner, first + sizes.chunk);
  let row = id.y * TILE;
  let col = id.x * TILE;
  let my_row = local / LANES % 2u * (TILE / 2u); // of the tile
  let my_col = local / LANES / 2u * 32u;

  // Block row r, block column c: in s_rc. The smaller tile has only the first two rows.
  var s_00 = Result(); var s_01 = Result();
  var s_10 = Result(); var s_11 = Result();
  var s_20 = Result(); var s_21 = Result();
  var s_30 = Result(); var s_31 = Result();
  var a0 = fetch_a(start_a, row, first, end, local);
  var a1 = fetch_a(start_a, row, first, end, local + THREADS);
  var a2 = fetch_a(start_a, row, first, end, local + 2u * THREADS);
  var a3 = fetch_a(start_a, row, first, end, local + 3u * THREADS);
  var b0 = fetch_b(start_b, col, first, end, local);
  var b1 = fetch_b(start_b, col, first, end, local + THREADS);
  var b2 = fetch_b(start_b, col, first, end, local + 2u * THREADS);
  var b3 = fetch_b(start_b, col, first, end, local + 3u * THREADS);
  for (var k = first; k < end; k += STEP) {
    stage_a(local, a0);
    stage_a(local + THREADS, a1);
    stage_a(local + 2u * THREADS, a2);
    stage_a(local + 3u * THREADS, a3);
    stage_b(local, b0);
    stage_b(local + THREADS, b1);
    stage_b(local + 2u * THREADS, b2);
    stage_b(local + 3u * THREADS, b3);
    workgroupBarrier();
    if (end > k + STEP) {
      a0 = fetch_a(start_a, row, k + STEP, end, local);
      a1 = fetch_a(start_a, row, k + STEP, end, local + THREADS);
      a2 = fetch_a(start_a, row, k + STEP, end, local + 2u * THREADS);
      a3 = fetch_a(start_a, row, k + STEP, end, local + 3u * THREADS);
      b0 = fetch_b(start_b, col, k + STEP, end, local);
      b1 = fetch_b(start_b, col, k + STEP, end, local + THREADS);
      b2 = fetch_b(start_b, col, k + STEP, end, local + 2u * THREADS);
      b3 = fetch_b(start_b, col, k + STEP, end, local + 3u * THREADS);
    }
    for (var i = 0u; i < STEP; i += 16u) {
      let right_0 = block_b(i, my_col);
      let right_1 = block_b(i, my_col + 16u);
      let left_0 = block_a(my_row, i);
      s_00 = subgroupMatrixMultiplyAccumulate(left_0, right_0, s_00);
      s_01 = subgroupMatrixMultiplyAccumulate(left_0, right_1, s_01);
      let left_1 = block_a(my_row + 16u, i);
      s_10 = subgroupMatrixMultiplyAccumulate(left_1, right_0, s_10);
      s_11 = subgroupMatrixMultiplyAccumulate(left_1, right_1, s_11);
      if (TILE == 128u) {
        let left_2 = block_a(my_row + 32u, i);
        s_20 = subgroupMatrixMultiplyAccumulate(left_2, right_0, s_20);
        s_21 = subgroupMatrixMultiplyAccumulate(left_2, right_1, s_21);
        let left_3 = block_a(my_row + 48u, i);
        s_30 = subgroupMatrixMultiplyAccumulate(left_3, right_0, s_30);
        s_31 = subgroupMatrixMultiplyAccumulate(left_3, right_1, s_31);
      }
    }
    workgroupBarrier();
  }

  store(s_00, id.z, row + my_row, col + my_col, local);
  store(s_01, id.z, row + my_row, col + my_col + 16u, local);
  store(s_10, id.z, row + my_row + 16u, col + my_col, local);
  store(s_11, id.z, row + my_row + 16u, col + my_col + 16u, local);
  if (TILE == 128u) {
    store(s_20, id.z, row + my_row + 32u, col + my_col, local);
    store(s_21, id.z, row + my_row + 32u, col + my_col + 16u, local);
    store(s_30, id.z, row + my_row + 48u, col + my_col, local);
    store(s_31, id.z, row + my_row + 48u, col + my_col + 16u, local);
  }
}
