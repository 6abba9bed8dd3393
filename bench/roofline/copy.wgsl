// Measures memory bandwidth: y = x, over more bytes than any cache holds. A fixed number of threads walks the buffers
// with a stride of all threads, so that neighbours read neighbouring vec4s at the same time and no thread is started for
// just one (on a software driver, starting a workgroup costs as much as 64 elements).
struct Sizes {
  count: u32,  // vec4s
  stride: u32, // total threads
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < sizes.count; i += sizes.stride) {
    y[i] = x[i];
  }
}
