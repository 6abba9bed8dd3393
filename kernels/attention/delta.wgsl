// delta_i = dy_i · y_i in each head, which equals Σ_j w_ij (dy_i · value_j): the softmax subtracts it from the gradient of each weight.
// The other kernels read it together with forward's lse, from one buffer: some adapters bind no more than 8 or 10 at once.
// One thread per query and head. Moves only what it must: y and dy once.
alias y_type = f32;
alias dy_type = f32;
struct Sizes { batch: u32, heads: u32, queries: u32, width: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> y: array<y_type>;         // [batch, queries, heads, width]
@group(0) @binding(1) var<storage, read> dy: array<dy_type>;       // [batch, queries, heads, width]
@group(0) @binding(2) var<storage, read> lse: array<f32>;          // [batch, heads, queries]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;  // [2 or 3, batch, heads, queries]: lse, delta; a third part is left alone

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x; // query and head
  let b = id.y;
  if (n >= sizes.queries * sizes.heads) {
    return;
  }
  let start = (b * sizes.queries * sizes.heads + n) * sizes.width;
  var sum = 0.0;
  for (var d = 0u; d < sizes.width; d++) {
    sum += f32(y[start + d]) * f32(dy[start + d]);
  }
  let at = (b * sizes.heads + n % sizes.heads) * sizes.queries + n / sizes.heads;
  stats[at] = lse[at];
  stats[sizes.batch * sizes.heads * sizes.queries + at] = sum;
}
