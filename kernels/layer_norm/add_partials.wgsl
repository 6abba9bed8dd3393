// Layer norm, backward to scale and shift, second stage: adds the chunks' sums to the gradients.
struct Sizes { chunks: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>; // [chunks, 2, cols]
@group(0) @binding(1) var<storage, read_write> dscale: array<f32>;
@group(0) @binding(2) var<storage, read_write> dshift: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x;
  if (col >= sizes.cols) {
    return;
  }
  var scale_sum = 0.0;
  var shift_sum = 0.0;
  for (var chunk = 0u; chunk < sizes.chunks; chunk++) {
    scale_sum += partial[chunk * 2u * sizes.cols + col];
    shift_sum += partial[chunk * 2u * sizes.cols + sizes.cols + col];
  }
  dscale[col] += scale_sum;
  dshift[col] += shift_sum;
}
