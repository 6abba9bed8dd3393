// How fast memory is: y = x, over more bytes than any cache holds.
// A fixed number of threads walks the buffers in steps of all threads, so that neighbours read neighbouring vec4s at the same
// time and no thread is started for a single one (on a software driver a workgroup's start costs as much as 64 elements).
struct Sizes {
  count: u32,  // vec4s
  stride: u32, // threads in all
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
