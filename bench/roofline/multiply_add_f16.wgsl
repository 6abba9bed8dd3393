enable f16;
// Measures f16 arithmetic throughput: multiply_add.wgsl in vec2s, the width of a GPU's f16 units. 320 operations per
// thread and round.
struct Sizes {
  rounds: u32,
  factor: f32,
  term: f32,
  workgroups: u32, // for the dispatch
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read_write> y: array<f32>; // [threads]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = vec2<f16>(f16(sizes.factor));
  let b = vec2<f16>(f16(sizes.term));
  let x = vec2<f16>(f16(id.x % 64u), f16(id.x % 32u));
  var s0 = x + vec2<f16>(0);
  var s1 = x + vec2<f16>(1);
  var s2 = x + vec2<f16>(2);
  var s3 = x + vec2<f16>(3);
  var s4 = x + vec2<f16>(4);
  var s5 = x + vec2<f16>(5);
  var s6 = x + vec2<f16>(6);
  var s7 = x + vec2<f16>(7);
  var s8 = x + vec2<f16>(8);
  var s9 = x + vec2<f16>(9);
  for (var round = 0u; round < sizes.rounds; round++) {
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b); s5 = fma(s5, a, b);
    s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
  }
  let sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;
  y[id.x] = f32(sum.x) + f32(sum.y);
}
