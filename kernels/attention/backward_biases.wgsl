// du += Σ dcontent and dv += Σ dposition over the batch and all queries. One thread a feature of a head.
struct Sizes { rows: u32, dim: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> dcontent: array<f32>;  // [rows, dim]
@group(0) @binding(1) var<storage, read> dposition: array<f32>; // [rows, dim]
@group(0) @binding(2) var<storage, read_write> du: array<f32>;  // [dim]
@group(0) @binding(3) var<storage, read_write> dv: array<f32>;  // [dim]

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let d = id.x;
  if (d >= sizes.dim) {
    return;
  }
  var content = 0.0;
  var position = 0.0;
  for (var row = 0u; row < sizes.rows; row++) {
    content += dcontent[row * sizes.dim + d];
    position += dposition[row * sizes.dim + d];
  }
  du[d] += content;
  dv[d] += position;
}
