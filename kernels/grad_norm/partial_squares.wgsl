// Global norm, first stage: each workgroup sums the squares of its share, four elements per load, with a stride of all
// threads, so that neighbours load neighbours. On a GPU each thread keeps four loads in flight, since waiting for them one by
// one would leave memory idle; on lavapipe that takes three times as long. Then one thread adds the sums of its workgroup,
// always in the same order. 4 bytes per element, read once.
// Predicted for an H200: 136 MB of gradients in 0.04 to 0.12 ms; 128 workgroups with one load in flight would take 0.4.
const UNROLL: bool = false; // four loads at a time
struct Sizes { count: u32, offset: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> grads: array<vec4f>;         // [count], and up to 3 elements that are not counted
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;   // [ranges · workgroups], from offset on
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let quads = sizes.count / 4u;
  let step = groups.x * 64u;
  var i = group.x * 64u + local;
  var sum = vec4f(0.0);
  for (; UNROLL && i + 3u * step < quads; i += 4u * step) {
    let a = grads[i];
    let b = grads[i + step];
    let c = grads[i + 2u * step];
    let d = grads[i + 3u * step];
    sum += a * a + b * b + (c * c + d * d);
  }
  for (; i < quads; i += step) {
    sum += grads[i] * grads[i];
  }
  if (group.x * 64u + local == 0u && 4u * quads < sizes.count) {
    let inside = vec4u(4u * quads) + vec4u(0u, 1u, 2u, 3u) < vec4u(sizes.count);
    let last = select(vec4f(0.0), grads[quads], inside);
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
