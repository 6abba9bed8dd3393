// Measures arithmetic throughput: ten independent chains s = s · a + b in registers, which touch no memory until their
// end; 160 operations per thread and round. A single chain would wait for each result. Ten keep every unit busy and, with
// a and b, still fit the 16 vector registers of a CPU, where a variable is a register of all lanes; GFLOP/s on two
// threads of lavapipe: 8 chains 109, ten 125, 12 chains 102. Chains start from different values and are all summed, so
// that none can be optimised away.
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
  let a = sizes.factor;
  let b = sizes.term;
  let x = f32(id.x);
  var s0 = x + 0.0;
  var s1 = x + 1.0;
  var s2 = x + 2.0;
  var s3 = x + 3.0;
  var s4 = x + 4.0;
  var s5 = x + 5.0;
  var s6 = x + 6.0;
  var s7 = x + 7.0;
  var s8 = x + 8.0;
  var s9 = x + 9.0;
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
  y[id.x] = sum;
}
