// y = condition ≠ 0 ? a : b. Strides over up to four axes locate each of the three, 0 along axes where it
// repeats. The gradients are the same kernel again, with 0 in place of the other operand.
struct Sizes {
  count: u32, n1: u32, n2: u32, n3: u32,
  condition0: u32, condition1: u32, condition2: u32, condition3: u32,
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> condition: array<u32>;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let c3 = i % sizes.n3;
    let c2 = (i / sizes.n3) % sizes.n2;
    let c1 = (i / (sizes.n3 * sizes.n2)) % sizes.n1;
    let c0 = i / (sizes.n3 * sizes.n2 * sizes.n1);
    let index = c0 * sizes.condition0 + c1 * sizes.condition1 + c2 * sizes.condition2 + c3 * sizes.condition3;
    if (condition[index] != 0u) {
      y[i] = a[c0 * sizes.a0 + c1 * sizes.a1 + c2 * sizes.a2 + c3 * sizes.a3];
    } else {
      y[i] = b[c0 * sizes.b0 + c1 * sizes.b1 + c2 * sizes.b2 + c3 * sizes.b3];
    }
  }
}
