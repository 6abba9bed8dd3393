// Gradient of a bias, second stage: adds the chunks' sums to the gradient, in the same order every time.
struct Sizes { chunks: u32, cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;      // [chunks, cols]
@group(0) @binding(1) var<storage, read_write> dbias: array<f32>;  // [cols]

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x;
  if (col >= sizes.cols) {
    return;
  }
  var sum = 0.0;
  for (var chunk = 0u; chunk < sizes.chunks; chunk++) {
    sum += partial[chunk * sizes.cols + col];
  }
  dbias[col] += sum;
}
