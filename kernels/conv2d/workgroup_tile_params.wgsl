// Convolution for GPUs, backward to the weight, first of two stages: a matrix product over a chunk of the output positions,
//   partial[chunk, tap, c, o] = Σ_{p in chunk} x[p · stride + tap · dilation - padding, c] · dy[p, o],
// whose left operand is never written out (see workgroup_tile.wgsl for what that would cost; here both operands are read
// along their contiguous axis). Each chunk writes its own sums. There are just enough chunks for their tiles to
// fill a GPU: 256 channels, 3 x 3 taps are 36 tiles, and 8 chunks move 8 · 2.4 MB twice on top of the 233 MB of x and dy.
// A workgroup computes a square tile, 8 x 8 elements per thread. Half of the threads load x, four channels of one tap at four
// positions, and half dy. A position's batch, row and column are counted up rather than divided out.
// Channels and outs of a group are multiples of 4.
const TILE: u32 = 128u; // rows and columns that a workgroup computes: 128 or 64
const UNROLL: bool = false; // the inner loop has a constant length, with zeros beyond the end: GPUs are faster so, a CPU's compiler takes twice the time
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding_height: u32, padding_width: u32, dilation: u32, groups: u32,
  chunk: u32,
}
alias x_type = f32;
alias dy_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4<x_type>>;         // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> dy: array<vec4<dy_type>>;       // [batch, out_height, out_width, outs]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;    // [chunks, groups, taps, channels of a group, outs of a group]

const THREADS: u32 = TILE * TILE / 64u;
const STEP: u32 = TILE / 8u;       // positions at a time
const QUADS: u32 = TILE / 4u;      // of rows, and of columns, in a tile
const HALF: u32 = TILE / 8u;       // quads from a thread's first rows (columns) to its others
const STRIDE: u32 = QUADS + 1u;
const OF_DY: u32 = STEP * STRIDE;
var<workgroup> tiles: array<vec4f, 2u * STEP * STRIDE>; // [operand, STEP, STRIDE]: four rows, or four columns

fn x_at(at: u32, inside: bool) -> vec4f {
  if (inside) {
    return vec4f(x[at]);
  }
  return vec4f();
}

fn dy_at(at: u32, inside: bool) -> vec4f {
  if (inside) {
    return vec4f(dy[at]);
  }
  return vec4f();
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let depth = sizes.channels / sizes.groups;
  let cols = sizes.outs / sizes.groups;
  let rows = sizes.kernel_height * sizes.kernel_width * depth;
  let col_tiles = (cols + TILE - 1u) / TILE;
  let group = id.x / col_tiles;
  let begin = id.z * sizes.chunk;
  let end = min(begin + sizes.chunk, sizes.batch * sizes.out_height * sizes.out_width);

  // The block that this thread loads: its quad of rows (columns), and its first position of the step.
  let loads_x = local < THREADS / 2u;
  let loader = local % (THREADS / 2u);
  let quad = loader % QUADS;
  let k_offset = loader / QUADS * 4u;
  let stored_at = select(OF_DY, 0u, loads_x) + k_offset * STRIDE + quad;
  // Its taps and channels; above or left of the image this wraps around to huge numbers.
  let row = id.y * TILE + 4u * quad;
  let move_h = row / depth / sizes.kernel_width * sizes.dilation - sizes.padding_height;
  let move_w = row / depth % sizes.kernel_width * sizes.dilation - sizes.padding_width;
  let x_channel = (group * depth + row % depth) / 4u;
  let col = id.x % col_tiles * TILE + 4u * quad;
  let dy_channel = (group * cols + col) / 4u;

  // The elements that it computes are rows 4 y … 4 y + 3 of the tile and of its lower half, and likewise columns.
  let tile_x = local % 8u + local / 32u % (TILE / 64u) * 8u;
  let tile_y = local / 8u % 4u + local / 32u / (TILE / 64u) * 4u;

  // Row r has its first columns in sr, the others in tr.
  var s0 = vec4f(); var t0 = vec4f();
  var s1 = vec4f(); var t1 = vec4f();
  var s2 = vec4f(); var t2 = vec4f();
  var s3 = vec4f(); var t3 = vec4f();
  var s4 = vec4f(); var t4 = vec4f();
  var s5 = vec4f(); var t5 = vec4f();
  var s6 = vec4f(); var t6 = vec4f();
  var s7 = vec4f(); var t7 = vec4f();
  let iterations = select(min(STEP, sizes.chunk), STEP, UNROLL);
  var next = mat4x4f();
  // This thread's next position: its number, column, and row, counted across all images.
  var p = begin + k_offset;
  var j = p % sizes.out_width;
  var i = p / sizes.out_width;
  // One more iteration than there are steps: each loads what the next one multiplies.
  for (var k = begin; k < end + STEP; k += STEP) {
    if (k > begin) {
      tiles[stored_at] = next[0];
      tiles[stored_at + STRIDE] = next[1];
      tiles[stored_at + 2u * STRIDE] = next[2];
      tiles[stored_at + 3u * STRIDE] = next[3];
    }
    workgroupBarrier();
    if (k < end) {
      next = mat4x4f();
      if (loads_x) {
        for (var d = 0u; d < 4u; d++) {
          let h = i % sizes.out_height * sizes.stride + move_h;
          let w = j * sizes.stride + move_w;
          let at = ((i / sizes.out_height * sizes.height + h) * sizes.width + w) * (sizes.channels / 4u) + x_channel;
          let inside = p + d < end && row < rows && h < sizes.height && w < sizes.width;
          next = mat4x4f(next[1], next[2], next[3], x_at(at, inside));
          j++;
          if (j == sizes.out_width) {
            j = 0u;
            i++;
          }
        }
        j += STEP - 4u;
        while (j >= sizes.out_width) {
          j -= sizes.out_width;
          i++;
        }
      } else {
        let at = p * (sizes.outs / 4u) + dy_channel;
        let inside = (p + vec4u(0u, 1u, 2u, 3u) < vec4u(end)) & vec4<bool>(col < cols);
        let step = sizes.outs / 4u;
        next = mat4x4f(dy_at(at, inside.x), dy_at(at + step, inside.y), dy_at(at + 2u * step, inside.z), dy_at(at + 3u * step, inside.w));
      }
      p += STEP;
    }
    if (k > begin) {
      for (var iteration = 0u; iteration < iterations; iteration++) {
        let step = iteration % STEP; // shows Dawn that it is in range
        let u0 = tiles[step * STRIDE + tile_y];
        let u1 = tiles[step * STRIDE + tile_y + HALF];
        let w0 = tiles[OF_DY + step * STRIDE + tile_x];
        let w1 = tiles[OF_DY + step * STRIDE + tile_x + HALF];
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

  for (var r = 0u; r < 8u; r++) {
    let out_row = id.y * TILE + 4u * tile_y + r % 4u + r / 4u * (TILE / 2u);
    if (out_row < rows) {
      let at = ((id.z * sizes.groups + group) * rows + out_row) * (cols / 4u);
      let out_col = (id.x % col_tiles) * QUADS + tile_x;
      if (out_col < cols / 4u) {
        partial[at + out_col] = s0;
      }
      if (out_col + HALF < cols / 4u) {
        partial[at + out_col + HALF] = t0;
      }
    }
    s0 = s1; s1 = s2; s2 = s3; s3 = s4; s4 = s5; s5 = s6; s6 = s7;
    t0 = t1; t1 = t2; t2 = t3; t3 = t4; t4 = t5; t5 = t6; t6 = t7;
  }
}
