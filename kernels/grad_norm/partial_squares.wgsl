// Global norm, first stage: each of GROUPS workgroups sums the squares of its share, four elements a load; a thread goes on in
// steps of all threads, so that neighbours load neighbours. Then one thread sums the sums of its workgroup, always in the
// same order. 4 bytes an element, read once.
const GROUPS: u32 = 128u;
struct Sizes { count: u32, offset: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> grads: array<vec4f>;         // [count], and up to 3 elements that are not counted
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;   // [ranges · GROUPS], from offset on
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let whole = sizes.count / 4u;
  var sum = vec4f(0.0);
  for (var i = group.x * 64u + local; i < whole; i += GROUPS * 64u) {
    sum += grads[i] * grads[i];
  }
  if (group.x * 64u + local == 0u && 4u * whole < sizes.count) {
    let counts = vec4u(4u * whole) + vec4u(0u, 1u, 2u, 3u) < vec4u(sizes.count);
    let last = select(vec4f(0.0), grads[whole], counts);
    sum += last * last;
  }
  sums[local] = dot(sum, vec4f(1.0));
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
      total += sums[i];
    }
    partial[sizes.offset + group.x] = total;
  }
}
