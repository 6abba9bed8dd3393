// Matrix product for GPUs: a workgroup computes a square tile of y, 8 x 8 elements per thread.
//   pre = op(a) · op(b) + bias,   y = activation(pre)
// The ladder, and what each step saves:
//   plain                 each product costs two loads from memory
//   workgroup_tile_any    32 x 32 tiles in workgroup memory: an element loaded from there serves 32 products, and as part of
//                         a vec4 in registers 4, so that workgroup memory is the limit
//   this                  8 x 8 elements per thread: four vec4 from workgroup memory serve 64 products; 128 x 128 elements per
//                         workgroup: an element from memory serves 64; the next step's elements travel from memory to
//                         registers while this step's are multiplied
// A step covers TILE / 8 of inner, so that the two operands' parts together are one 4 x 4 block for each thread: half of the
// threads load op(a), half op(b), as four vec4 along the operand's contiguous axis, and transpose the block in registers
// where that axis is inner. Eight neighbouring threads read whole sectors of 32 bytes and write to eight different banks of
// 16 bytes, as a row in workgroup memory is one vec4 longer than the tile. In the product 32 neighbouring threads
// are 8 columns by 4 rows of threads; each of their reads covers one stretch of 128 bytes or the same address for all.
// Bytes moved: every element of a is read cols / TILE times, every one of b rows / TILE times, y written once. Arithmetic per
// byte read: TILE / 4 operations (twice that for f16), 32 for the large tile; a GPU with 67 TFLOP/s and 3 TB/s needs 22, and
// its cache holds what neighbouring tiles share. Registers: 64 for the sums, 16 for the next step, some 40 for operands and indices,
// about 120 per thread, so that two workgroups of 256 threads share a multiprocessor. Predicted for an H200: 45 to 60 % of its f32
// peak for large products.
// inner and cols (rows, for a transposed) are multiples of 4. Beyond rows or cols the last ones are loaded again, for elements that are
// not stored; beyond inner there are zeros. The last loop shifts the sums up one by one, so that the epilogue is compiled once, not 8 times.
const TILE: u32 = 128u;          // rows and columns of y a workgroup computes: 128 or 64
// include parts/product.wgsl
alias a_type = f32;
alias b_type = f32;
alias y_type = f32;
@group(0) @binding(0) var<storage, read> a: array<vec4<a_type>>;         // [rows, inner] or [inner, rows]
@group(0) @binding(1) var<storage, read> b: array<vec4<b_type>>;         // [inner, cols] or [cols, inner]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;             // [cols]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<y_type>>;   // [rows, cols]
@group(0) @binding(4) var<storage, read_write> pre: array<vec4<y_type>>; // [rows, cols]

const THREADS: u32 = TILE * TILE / 64u;
const STEP: u32 = TILE / 8u;       // of inner at a time
const QUADS: u32 = TILE / 4u;      // of rows, and of columns, in a tile
const HALF: u32 = TILE / 8u;       // quads from a thread's first rows (columns) to its others
const STRIDE: u32 = QUADS + 1u;
const OF_B: u32 = STEP * STRIDE;
var<workgroup> tiles: array<vec4f, 2u * STEP * STRIDE>; // [operand, STEP, STRIDE]: four rows, or four columns

alias real = vec4f;
// include parts/activation.wgsl

// The indices of four neighbours in each of four lines of an operand, which has `lines` lines of `length` elements; clamped to the
// last.
fn quad_indices(line: u32, lines: u32, along: u32, length: u32, stride: u32) -> vec4u {
  return min(line + vec4u(0u, 1u, 2u, 3u), vec4u(lines - 1u)) * (stride / 4u) + min(along, length - 4u) / 4u;
}

// Columns k … k + 3 of op(a) and four rows from `row` on: one column of op(a) in each column of the matrix.
fn fetch_a(start: u32, row: u32, k: u32, end: u32) -> mat4x4f {
  var at = vec4u(start);
  if (TRANSPOSE_A) {
    at += quad_indices(k, sizes.inner, row, sizes.rows, sizes.stride_a);
  } else {
    at += quad_indices(row, sizes.rows, k, sizes.inner, sizes.stride_a);
  }
  let loaded = mat4x4f(vec4f(a[at.x]), vec4f(a[at.y]), vec4f(a[at.z]), vec4f(a[at.w]));
  if (TRANSPOSE_A) {
    return zero_from(loaded, k, end);
  }
  return zero_from(transpose(loaded), k, end);
}

// Rows k … k + 3 of op(b) and four columns from `col` on: one row of op(b) in each column of the matrix.
fn fetch_b(start: u32, col: u32, k: u32, end: u32) -> mat4x4f {
  var at = vec4u(start);
  if (TRANSPOSE_B) {
    at += quad_indices(col, sizes.cols, k, sizes.inner, sizes.inner);
  } else {
    at += quad_indices(k, sizes.inner, col, sizes.cols, sizes.cols);
  }
  let loaded = mat4x4f(vec4f(b[at.x]), vec4f(b[at.y]), vec4f(b[at.z]), vec4f(b[at.w]));
  if (TRANSPOSE_B) {
    return zero_from(transpose(loaded), k, end);
  }
  return zero_from(loaded, k, end);
}

// Zeros from position `end` of inner on.
fn zero_from(x: mat4x4f, k: u32, end: u32) -> mat4x4f {
  return mat4x4f(
    select(vec4f(), x[0], end > k), select(vec4f(), x[1], end > k + 1u), select(vec4f(), x[2], end > k + 2u), select(vec4f(), x[3], end > k + 3u));
}

fn store(part: u32, row: u32, quad_col: u32, product: vec4f) {
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

  // The block that this thread loads: its quad of rows (columns), and its quad of the step.
  let loads_a = local < THREADS / 2u;
  let loader = local % (THREADS / 2u);
  let along_inner = select(TRANSPOSE_B, !TRANSPOSE_A, loads_a);
  let quad = select(loader % QUADS, loader / 2u % 4u + loader / STEP * 4u, along_inner);
  let depth = select(loader / QUADS, loader % 2u + loader / 8u % (STEP / 8u) * 2u, along_inner) * 4u;
  let tile_at = select(OF_B, 0u, loads_a) + depth * STRIDE + quad;
  let row_a = id.y * TILE + 4u * quad;
  let col_b = id.x * TILE + 4u * quad;

  // The elements that it computes are rows 4 y … 4 y + 3 of the tile and of its lower half, and likewise columns. In the order of
  // threads, 8 columns by 4 rows of them come first.
  let x = local % 8u + local / 32u % (TILE / 64u) * 8u;
  let y_quad = local / 8u % 4u + local / 32u / (TILE / 64u) * 4u;

  // Row r has its first columns in sr, the others in tr.
  var s0 = vec4f(); var t0 = vec4f();
  var s1 = vec4f(); var t1 = vec4f();
  var s2 = vec4f(); var t2 = vec4f();
  var s3 = vec4f(); var t3 = vec4f();
  var s4 = vec4f(); var t4 = vec4f();
  var s5 = vec4f(); var t5 = vec4f();
  var s6 = vec4f(); var t6 = vec4f();
  var s7 = vec4f(); var t7 = vec4f();
  var next = mat4x4f();
  if (loads_a) {
    next = fetch_a(start_a, row_a, first + depth, end);
  } else {
    next = fetch_b(start_b, col_b, first + depth, end);
  }
  for (var k = first; k < end; k += STEP) {
    tiles[tile_at] = next[0];
    tiles[tile_at + STRIDE] = next[1];
    tiles[tile_at + 2u * STRIDE] = next[2];
    tiles[tile_at + 3u * STRIDE] = next[3];
    workgroupBarrier();
    if (k + STEP < end) {
      if (loads_a) {
        next = fetch_a(start_a, row_a, k + STEP + depth, end);
      } else {
        next = fetch_b(start_b, col_b, k + STEP + depth, end);
      }
    }
    for (var i = 0u; i < STEP; i++) {
      let u0 = tiles[i * STRIDE + y_quad];
      let u1 = tiles[i * STRIDE + y_quad + HALF];
      let w0 = tiles[OF_B + i * STRIDE + x];
      let w1 = tiles[OF_B + i * STRIDE + x + HALF];
      s0 = fma(vec4f(u0.x), w0, s0); t0 = fma(vec4f(u0.x), w1, t0);
      s1 = fma(vec4f(u0.y), w0, s1); t1 = fma(vec4f(u0.y), w1, t1);
      s2 = fma(vec4f(u0.z), w0, s2); t2 = fma(vec4f(u0.z), w1, t2);
      s3 = fma(vec4f(u0.w), w0, s3); t3 = fma(vec4f(u0.w), w1, t3);
      s4 = fma(vec4f(u1.x), w0, s4); t4 = fma(vec4f(u1.x), w1, t4);
      s5 = fma(vec4f(u1.y), w0, s5); t5 = fma(vec4f(u1.y), w1, t5);
      s6 = fma(vec4f(u1.z), w0, s6); t6 = fma(vec4f(u1.z), w1, t6);
      s7 = fma(vec4f(u1.w), w0, s7); t7 = fma(vec4f(u1.w), w1, t7);
    }
    workgroupBarrier();
  }

  let first_row = id.y * TILE + 4u * y_quad;
  let quad_col = id.x * QUADS + x;
  let stored = select(8u, 0u, first_row >= sizes.rows); // known only at run time, so that no compiler unrolls the epilogue
  for (var i = 0u; i < stored; i++) {
    let row = first_row + i % 4u + i / 4u * (TILE / 2u);
    store(id.z, row, quad_col, s0);
    store(id.z, row, quad_col + HALF, t0);
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
    t0 = t1; t1 = t2; t2 = t3; t3 = t4; t4 = t5; t5 = t6; t6 = t7;
  }
}
