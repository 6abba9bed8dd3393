// Convolution for GPUs, forward or backward to the input, as a matrix product whose left operand is never written out:
//   result[p, n] = Σ_{tap, c} source[q(p, tap), c] · weight[tap, c, n]   (+ bias[n], then ReLU, if requested)
// Forward, source is x, p is an output position, and q = p · stride + tap · dilation - padding. Backward, source is dy and p
// is one of the input positions with one remainder modulo stride (the workgroup's "phase"): only those taps count for which
// q = (p + padding - tap · dilation) / stride is a whole number, and which those are depends only on the phase.
// Writing the operand out ("im2col") would cost, for the second layer of a Conformer's subsampling with 256 channels and 16
// utterances of 10 s, 75,696 positions · 2304 · 4 = 698 MB to write and to read again, on top of 155 + 2 + 78 MB that must move,
// for 89 GFLOP; for wav2vec2's positional convolution, 128 taps, 128 times its input. Here it exists in workgroup memory only.
// The product is that of matmul/workgroup_tile.wgsl (see there for the ladder): a workgroup computes a square tile, 8 x 8
// elements per thread; a step covers TILE / 8 terms of the sum; the next step's elements travel from memory to
// registers while this step's are multiplied. Half of the threads load the source, four neighbouring channels of four
// positions each, and half the weight. The tap and channel of a thread's next load are counted up rather than divided out.
// Channels and outs of a group are multiples of 4. Registers: those of matmul/workgroup_tile.wgsl and a dozen for indices. Predicted
// for an H200: 30 to 50 % of its f32 peak (25 to 40 % before the inner loop was unrolled); no more in f16, as the arithmetic is f32.
const TILE: u32 = 128u; // rows and columns that a workgroup computes: 128 or 64
const BACKWARD: bool = false;
const UNROLL: bool = false; // the inner loop has a constant length, with zeros beyond the end: GPUs are faster so, a CPU's compiler takes twice the time
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding_height: u32, padding_width: u32, dilation: u32, groups: u32,
  has_bias: u32, relu: u32,
}
alias source_type = f32;
alias weight_type = f32;
alias result_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> source: array<vec4<source_type>>; // x [batch, height, width, channels], backward dy [batch, out_height, out_width, outs]
@group(0) @binding(1) var<storage, read> weight: array<vec4<weight_type>>; // [groups, taps, source's channels of a group, result's]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;               // [outs], where has_bias
@group(0) @binding(3) var<storage, read_write> result: array<vec4<result_type>>; // y, backward dx

const THREADS: u32 = TILE * TILE / 64u;
const STEP: u32 = TILE / 8u;       // of taps · channels at a time
const QUADS: u32 = TILE / 4u;      // of rows, and of columns, in a tile
const HALF: u32 = TILE / 8u;       // quads from a thread's first rows (columns) to its others
const STRIDE: u32 = QUADS + 1u;
const OF_WEIGHT: u32 = STEP * STRIDE;
var<workgroup> tiles: array<vec4f, 2u * STEP * STRIDE>; // [operand, STEP, STRIDE]: four rows, or four columns

// include parts/convolution_axis.wgsl

fn source_at(at: u32, inside: bool) -> vec4f {
  if (inside) {
    return vec4f(source[at]);
  }
  return vec4f();
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let depth = select(sizes.channels, sizes.outs, BACKWARD) / sizes.groups; // the source's channels of a group
  let cols = select(sizes.outs, sizes.channels, BACKWARD) / sizes.groups;  // the result's
  let col_tiles = (cols + TILE - 1u) / TILE;
  let group = id.x / col_tiles % sizes.groups;
  let phase = id.x / (col_tiles * sizes.groups);
  let phases = min(sizes.stride, sizes.width); // of the second axis
  let axis_h = axis_of(sizes.height, sizes.out_height, sizes.kernel_height, sizes.padding_height, phase / phases);
  let axis_w = axis_of(sizes.width, sizes.out_width, sizes.kernel_width, sizes.padding_width, phase % phases);
  let source_height = select(sizes.height, sizes.out_height, BACKWARD);
  let source_width = select(sizes.width, sizes.out_width, BACKWARD);
  let rows = sizes.batch * axis_h.count * axis_w.count;
  let first_row = (id.y + id.z * workgroups.y) * TILE;
  if (first_row >= rows) {
    return;
  }

  // The block that this thread loads: its quad of rows (columns), and its first element of the step.
  let loads_source = local < THREADS / 2u;
  let loader = local % (THREADS / 2u);
  let quad = select(loader % QUADS, loader / 2u % 4u + loader / STEP * 4u, loads_source);
  let k_offset = select(loader / QUADS, loader % 2u + loader / 8u % (STEP / 8u) * 2u, loads_source) * 4u;
  let stored_at = select(OF_WEIGHT, 0u, loads_source) + k_offset * STRIDE + quad;
  // The first pixel of each of the four positions. Before the first row of an image this wraps around to huge numbers.
  let row = first_row + 4u * quad + vec4u(0u, 1u, 2u, 3u);
  let h = row / axis_w.count % axis_h.count * axis_h.source_stride + u32(axis_h.start);
  let w = row % axis_w.count * axis_w.source_stride + u32(axis_w.start);
  let pixel = (row / (axis_w.count * axis_h.count) * source_height + h) * source_width + w;
  let source_channel = group * depth / 4u;
  let weight_col = (id.x % col_tiles) * QUADS + quad;

  // The elements that it computes are rows 4 y … 4 y + 3 of the tile and of its lower half, and likewise columns. In the order of
  // threads, 8 columns by 4 rows of them come first.
  let x = local % 8u + local / 32u % (TILE / 64u) * 8u;
  let y = local / 8u % 4u + local / 32u / (TILE / 64u) * 4u;

  // Row r has its first columns in sr, the others in tr.
  var s0 = vec4f(); var t0 = vec4f();
  var s1 = vec4f(); var t1 = vec4f();
  var s2 = vec4f(); var t2 = vec4f();
  var s3 = vec4f(); var t3 = vec4f();
  var s4 = vec4f(); var t4 = vec4f();
  var s5 = vec4f(); var t5 = vec4f();
  var s6 = vec4f(); var t6 = vec4f();
  var s7 = vec4f(); var t7 = vec4f();
  let inner = axis_h.taps * axis_w.taps * depth;
  let iterations = select(min(STEP, inner), STEP, UNROLL);
  var next = mat4x4f();
  var c = k_offset; // channel and taps of this thread's next load
  var m = 0u;
  var n = 0u;
  // One more iteration than there are steps: each loads what the next one multiplies.
  for (var k = 0u; k < inner + STEP; k += STEP) {
    if (k > 0u) {
      tiles[stored_at] = next[0];
      tiles[stored_at + STRIDE] = next[1];
      tiles[stored_at + 2u * STRIDE] = next[2];
      tiles[stored_at + 3u * STRIDE] = next[3];
    }
    workgroupBarrier();
    if (k < inner) {
      while (c >= depth) {
        c -= depth;
        n++;
        if (n == axis_w.taps) {
          n = 0u;
          m++;
        }
      }
      next = mat4x4f();
      if (m < axis_h.taps && loads_source) {
        let move_h = u32(i32(m) * axis_h.shift);
        let move_w = u32(i32(n) * axis_w.shift);
        let inside = (h + move_h < vec4u(source_height)) & (w + move_w < vec4u(source_width)) & (row < vec4u(rows));
        let at = (pixel + move_h * source_width + move_w) * (depth * sizes.groups / 4u) + source_channel + c / 4u;
        next = transpose(mat4x4f(
          source_at(at.x, inside.x), source_at(at.y, inside.y), source_at(at.z, inside.z), source_at(at.w, inside.w)));
      } else if (m < axis_h.taps && weight_col < cols / 4u) {
        let tap = (axis_h.tap + m * axis_h.tap_step) * sizes.kernel_width + axis_w.tap + n * axis_w.tap_step;
        let at = ((group * sizes.kernel_height * sizes.kernel_width + tap) * depth + c) * (cols / 4u) + weight_col;
        next = mat4x4f(
          vec4f(weight[at]), vec4f(weight[at + cols / 4u]), vec4f(weight[at + cols / 2u]), vec4f(weight[at + cols / 4u * 3u]));
      }
      c += STEP;
    }
    if (k > 0u) {
      for (var iteration = 0u; iteration < iterations; iteration++) {
        let i = iteration % STEP; // shows Dawn that it is in range
        let u0 = tiles[i * STRIDE + y];
        let u1 = tiles[i * STRIDE + y + HALF];
        let w0 = tiles[OF_WEIGHT + i * STRIDE + x];
        let w1 = tiles[OF_WEIGHT + i * STRIDE + x + HALF];
        s0 = fma(vec4f(u0.x), w0, s0); t0 = fma(vec4f(u0.x), w1, t0);
        s1 = fma(vec4f(u0.y), w0, s1); t1 = fma(vec4f(u0.y), w1, t1);
        s2 = fma(vec4f(u0.z), w0, s2); t2 = fma(vec4f(u0.z), w1, t2);
        s3 = fma(vec4f(u0.w), w0, s3); t3 = fma(vec4f(u0.w), w1, t3);
        s4 = fma(vec4f(u1.x), w0, s4); t4 = fma(vec4f(u1.x), w1, t4);
        s5 = fma(vec4f(u1.y), w0, s5); t5 = fma(vec4f(u1.y), w1, t5);
        s6 = fma(vec4f(u1.z), w0, s6); t6 = fma(vec4f(u1.z), w1, t6);
        s7 = fma(vec4f(u1.w), w0, s7); t7 = fma(vec4f(u1.w), w1, t7);
      }
    }
    workgroupBarrier();
  }

  for (var i = 0u; i < 8u; i++) {
    let r = first_row + 4u * y + i % 4u + i / 4u * (TILE / 2u);
    if (r < rows) {
      var result_pixel = r;
      if (BACKWARD) {
        let in_h = r / axis_w.count % axis_h.count * sizes.stride + phase / phases;
        let in_w = r % axis_w.count * sizes.stride + phase % phases;
        result_pixel = (r / (axis_w.count * axis_h.count) * sizes.height + in_h) * sizes.width + in_w;
      }
      var sum = s0;
      var quad_col = (id.x % col_tiles) * QUADS + x;
      for (var side = 0u; side < 2u; side++) {
        if (quad_col < cols / 4u) {
          if (sizes.has_bias == 1u) {
            sum += bias[group * cols / 4u + quad_col];
          }
          if (sizes.relu == 1u) {
            sum = select(sum, vec4f(), sum <= vec4f()); // max(NaN, 0) is 0 on GPUs
          }
          result[(result_pixel * sizes.groups + group) * (cols / 4u) + quad_col] = vec4<result_type>(sum);
        }
        sum = t0;
        quad_col += HALF;
      }
    }
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
    t0 = t1; t1 = t2; t2 = t3; t3 = t4; t4 = t5; t5 = t6; t6 = t7;
  }
}
