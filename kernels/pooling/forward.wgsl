// The largest element of each window, and which of its places that is (the first of equal ones), or the mean of each window. Channels
// are last, so neighbouring threads read neighbouring elements. Padding counts as -∞ for the largest and as 0 for the mean.
const AVERAGE: bool = false;
alias x_type = f32;
struct Sizes {
  elements: u32, height: u32, width: u32, channels: u32, out_height: u32, out_width: u32,
  kernel_height: u32, kernel_width: u32, stride_height: u32, stride_width: u32, padding_height: u32, padding_width: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<x_type>;         // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read_write> y: array<x_type>;   // [batch, out_height, out_width, channels]
@group(0) @binding(2) var<storage, read_write> taken: array<u32>;  // as y; the mean leaves it alone

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.elements; i += groups.x * 64u) {
    let channel = i % sizes.channels;
    let column = i / sizes.channels % sizes.out_width;
    let row = i / sizes.channels / sizes.out_width % sizes.out_height;
    let image = i / sizes.channels / sizes.out_width / sizes.out_height;
    var sum = 0.0;
    var largest = 0.0;
    var place = 0u;
    var found = false;
    for (var v = 0u; v < sizes.kernel_height; v++) {
      let at_row = row * sizes.stride_height + v - sizes.padding_height; // wraps below 0, and is then not inside
      for (var h = 0u; h < sizes.kernel_width; h++) {
        let at_column = column * sizes.stride_width + h - sizes.padding_width;
        if (at_row < sizes.height && at_column < sizes.width) {
          let value = f32(x[((image * sizes.height + at_row) * sizes.width + at_column) * sizes.channels + channel]);
          sum += value;
          let is_nan = (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; // by its bits: compilers may assume that NaN does not occur
          if (!found || value > largest || is_nan) {
            largest = value;
            place = v * sizes.kernel_width + h;
            found = true;
          }
        }
      }
    }
    if (AVERAGE) {
      y[i] = x_type(sum / f32(sizes.kernel_height * sizes.kernel_width));
    } else {
      y[i] = x_type(largest);
      taken[i] = place;
    }
  }
}
