// dp, second of two stages: dp[i] = Σ_chunk partial[chunk, i], always in this order.
// Moves only what it must: all chunks once, dp once.
alias dp_type = f32;
struct Sizes { chunks: u32, count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;       // [chunks, count]
@group(0) @binding(1) var<storage, read_write> dp: array<dp_type>;  // [count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    var sum = 0.0;
    for (var chunk = 0u; chunk < sizes.chunks; chunk++) {
      sum += partial[chunk * sizes.count + i];
    }
    dp[i] = dp_type(sum);
  }
}
