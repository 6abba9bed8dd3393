// Convolution for GPUs, backward to the weight, first of two stages, any numbers of channels: as workgroup_tile_params.wgsl,
//   partial[chunk, tap, c, o] = Σ_{p in chunk} x[p · stride + tap · dilation - padding, c] · dy[p, o],
// but 8 x 8 threads compute a tile of 32 x 32 elements, 4 x 4 per thread, and load one by one. A thread's four columns are eight
// apart, so that neighbouring threads load and store neighbouring elements.
struct Sizes {
  batch: u32, height: u32, width: u32, channels: u32,
  out_height: u32, out_width: u32, outs: u32,
  kernel_height: u32, kernel_width: u32, stride: u32, padding_height: u32, padding_width: u32, dilation: u32, groups: u32,
  chunk: u32,
}
alias x_type = f32;
alias dy_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;             // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;           // [batch, out_height, out_width, outs]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;    // [chunks, groups, taps, channels of a group, outs of a group]

const TILE: u32 = 32u;
const STEP: u32 = 16u; // positions at a time
var<workgroup> tile_x: array<vec4f, 128>;  // [STEP, 8]: four rows, which are taps and channels
var<workgroup> tile_dy: array<vec4f, 128>; // [STEP, 8]: four columns, which are outs

fn x_at(at: u32, inside: bool) -> f32 {
  if (inside) {
    return f32(x[at]);
  }
  return 0.0;
}

fn dy_at(at: u32, inside: bool) -> f32 {
  if (inside) {
    return f32(dy[at]);
  }
  return 0.0;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let depth = sizes.channels / sizes.groups;
  let cols = sizes.outs / sizes.groups;
  let rows = sizes.kernel_height * sizes.kernel_width * depth;
  let col_tiles = (cols + TILE - 1u) / TILE;
  let first_col = id.x % col_tiles * TILE;
  let group = id.x / col_tiles;
  let begin = id.z * sizes.chunk;
  let end = min(begin + sizes.chunk, sizes.batch * sizes.out_height * sizes.out_width);
  let row = id.y * TILE + local % 8u * 4u + vec4u(0u, 1u, 2u, 3u);
  // Above or left of the image these wrap around to huge numbers.
  let move_h = row / depth / sizes.kernel_width * sizes.dilation - sizes.padding_height;
  let move_w = row / depth % sizes.kernel_width * sizes.dilation - sizes.padding_width;
  let channel = group * depth + row % depth;
  let col = first_col + local % 8u + vec4u(0u, 8u, 16u, 24u);
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var first = begin; first < end; first += STEP) {
    for (var i = local; i < STEP * 8u; i += 64u) {
      let p = first + i / 8u;
      let h = p / sizes.out_width % sizes.out_height * sizes.stride + move_h;
      let w = p % sizes.out_width * sizes.stride + move_w;
      let image = p / (sizes.out_width * sizes.out_height);
      let at = ((image * sizes.height + h) * sizes.width + w) * sizes.channels + channel;
      let inside = (h < vec4u(sizes.height)) & (w < vec4u(sizes.width)) & (row < vec4u(rows)) & vec4<bool>(p < end);
      tile_x[i] = vec4f(x_at(at.x, inside.x), x_at(at.y, inside.y), x_at(at.z, inside.z), x_at(at.w, inside.w));
      let of_dy = p * sizes.outs + group * cols + col;
      let in_dy = (col < vec4u(cols)) & vec4<bool>(p < end);
      tile_dy[i] = vec4f(dy_at(of_dy.x, in_dy.x), dy_at(of_dy.y, in_dy.y), dy_at(of_dy.z, in_dy.z), dy_at(of_dy.w, in_dy.w));
    }
    workgroupBarrier();
    let steps = min(STEP, end - first);
    for (var k = 0u; k < steps; k++) {
      let u = tile_x[k * 8u + local / 8u];
      let v = tile_dy[k * 8u + local % 8u];
      s0 += u.x * v;
      s1 += u.y * v;
      s2 += u.z * v;
      s3 += u.w * v;
    }
    workgroupBarrier();
  }
  let own_row = id.y * TILE + local / 8u * 4u;
  for (var r = own_row; r < min(own_row + 4u, rows); r++) {
    for (var c = first_col + local % 8u; c < min(first_col + TILE, cols); c += 8u) {
      partial[((id.z * sizes.groups + group) * rows + r) * cols + c] = s0.x;
      s0 = s0.yzwx;
    }
    s0 = s1;
    s1 = s2;
    s2 = s3;
  }
}
