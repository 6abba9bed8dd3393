// Convolution for GPUs, forward or backward to the input, any numbers of channels: as workgroup_tile.wgsl (see there for
// the mathematics), but 8 x 8 threads compute a tile of 32 x 32 elements, 4 x 4 per thread, and load one by one.
// Meant for a first layer, whose single input channel makes for short sums: it must write y, and its loads hardly matter.
// A thread's four columns are eight apart, so that neighbouring threads store neighbouring elements.
const BACKWARD: bool = false;
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
@group(0) @binding(0) var<storage, read> source: array<source_type>; // x [batch, height, width, channels], backward dy [batch, out_height, out_width, outs]
@group(0) @binding(1) var<storage, read> weight: array<weight_type>; // [groups, taps, source's channels of a group, result's]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [outs], where has_bias
@group(0) @binding(3) var<storage, read_write> result: array<result_type>; // y, backward dx

const TILE: u32 = 32u;
const STEP: u32 = 16u; // of taps · channels at a time
var<workgroup> tile_source: array<vec4f, 128>; // [STEP, 8]: four rows
var<workgroup> tile_weight: array<vec4f, 128>; // [STEP, 8]: four columns

// include parts/convolution_axis.wgsl

fn source_at(at: u32, inside: bool) -> f32 {
  if (inside) {
    return f32(source[at]);
  }
  return 0.0;
}

fn weight_at(at: u32, inside: bool) -> f32 {
  if (inside) {
    return f32(weight[at]);
  }
  return 0.0;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let depth = select(sizes.channels, sizes.outs, BACKWARD) / sizes.groups; // the source's channels of a group
  let cols = select(sizes.outs, sizes.channels, BACKWARD) / sizes.groups;  // the result's
  let col_tiles = (cols + TILE - 1u) / TILE;
  let first_col = id.x % col_tiles * TILE;
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
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  let inner = axis_h.taps * axis_w.taps * depth;
  for (var begin = 0u; begin < inner; begin += STEP) {
    for (var i = local; i < STEP * 8u; i += 64u) {
      let k = begin + i % STEP;
      let c = k % depth;
      let m = k / depth / axis_w.taps;
      let n = k / depth % axis_w.taps;
      let row = first_row + i / STEP * 4u + vec4u(0u, 1u, 2u, 3u);
      // Before the first row of an image this wraps around to huge numbers.
      let h = row / axis_w.count % axis_h.count * axis_h.source_stride + u32(axis_h.start + i32(m) * axis_h.shift);
      let w = row % axis_w.count * axis_w.source_stride + u32(axis_w.start + i32(n) * axis_w.shift);
      let pixel = (row / (axis_w.count * axis_h.count) * source_height + h) * source_width + w;
      let at = (pixel * sizes.groups + group) * depth + c;
      let inside = (h < vec4u(source_height)) & (w < vec4u(source_width)) & (row < vec4u(rows)) & vec4<bool>(k < inner);
      tile_source[i % STEP * 8u + i / STEP] = vec4f(
        source_at(at.x, inside.x), source_at(at.y, inside.y), source_at(at.z, inside.z), source_at(at.w, inside.w));
    }
    for (var i = local; i < STEP * 8u; i += 64u) {
      let k = begin + i / 8u;
      let m = k / depth / axis_w.taps;
      let n = k / depth % axis_w.taps;
      let tap = (axis_h.tap + m * axis_h.tap_step) * sizes.kernel_width + axis_w.tap + n * axis_w.tap_step;
      let col = first_col + i % 8u + vec4u(0u, 8u, 16u, 24u);
      let at = ((group * sizes.kernel_height * sizes.kernel_width + tap) * depth + k % depth) * cols + col;
      let inside = (col < vec4u(cols)) & vec4<bool>(k < inner);
      tile_weight[i] = vec4f(
        weight_at(at.x, inside.x), weight_at(at.y, inside.y), weight_at(at.z, inside.z), weight_at(at.w, inside.w));
    }
    workgroupBarrier();
    let steps = min(STEP, inner - begin);
    for (var k = 0u; k < steps; k++) {
      let u = tile_source[k * 8u + local / 8u];
      let v = tile_weight[k * 8u + local % 8u];
      s0 += u.x * v;
      s1 += u.y * v;
      s2 += u.z * v;
      s3 += u.w * v;
    }
    workgroupBarrier();
  }
  // Row by row, column by column, shifting the sums up, so that the epilogue is compiled once and not 16 times.
  for (var i = 0u; i < 4u; i++) {
    let row = first_row + local / 8u * 4u + i;
    if (row < rows) {
      var result_pixel = row;
      if (BACKWARD) {
        let in_h = row / axis_w.count % axis_h.count * sizes.stride + phase / phases;
        let in_w = row % axis_w.count * sizes.stride + phase % phases;
        result_pixel = (row / (axis_w.count * axis_h.count) * sizes.height + in_h) * sizes.width + in_w;
      }
      for (var col = first_col + local % 8u; col < min(first_col + TILE, cols); col += 8u) {
        var sum = s0.x;
        if (sizes.has_bias == 1u) {
          sum += bias[group * cols + col];
        }
        if (sizes.relu == 1u) {
          sum = select(sum, 0.0, sum <= 0.0); // max(NaN, 0) is 0 on GPUs
        }
        result[(result_pixel * sizes.groups + group) * cols + col] = result_type(sum);
        s0 = s0.yzwx;
      }
    }
    s0 = s1;
    s1 = s2;
    s2 = s3;
  }
}
