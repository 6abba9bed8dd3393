// dx: each element gathers from the windows it lies in, so no two threads write one element: its share of a mean's gradient, or the
// whole gradient of each window whose largest element it is.
const AVERAGE: bool = false;
alias x_type = f32;
struct Sizes {
  elements: u32, height: u32, width: u32, channels: u32, out_height: u32, out_width: u32,
  kernel_height: u32, kernel_width: u32, stride_height: u32, stride_width: u32, padding_height: u32, padding_width: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> dy: array<x_type>;       // [batch, out_height, out_width, channels]
@group(0) @binding(1) var<storage, read> taken: array<u32>;       // as dy
@group(0) @binding(2) var<storage, read_write> dx: array<x_type>; // [batch, height, width, channels]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.elements; i += groups.x * 64u) {
    let channel = i % sizes.channels;
    let column = i / sizes.channels % sizes.width + sizes.padding_width;
    let row = i / sizes.channels / sizes.width % sizes.height + sizes.padding_height;
    let image = i / sizes.channels / sizes.width / sizes.height;
    var sum = 0.0;
    for (var v = 0u; v < sizes.kernel_height; v++) {
      let window_row = (row - v) / sizes.stride_height; // where row - v wraps below 0, it is not a window's row
      if (v <= row && window_row * sizes.stride_height + v == row && window_row < sizes.out_height) {
        for (var h = 0u; h < sizes.kernel_width; h++) {
          let window_column = (column - h) / sizes.stride_width;
          if (h <= column && window_column * sizes.stride_width + h == column && window_column < sizes.out_width) {
            let window = ((image * sizes.out_height + window_row) * sizes.out_width + window_column) * sizes.channels + channel;
            if (AVERAGE) {
              sum += f32(dy[window]);
            } else if (taken[window] == v * sizes.kernel_width + h) {
              sum += f32(dy[window]);
            }
          }
        }
      }
    }
    if (AVERAGE) {
      sum /= f32(sizes.kernel_height * sizes.kernel_width);
    }
    dx[i] = x_type(sum);
  }
}
