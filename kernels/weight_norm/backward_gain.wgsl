// Weight norm, backward to the gain: dgain[k] = dot[k] / ‖v[:, k]‖, added to the gradient, with
// dot[k] = Σ_row dweight[row, k] · v[row, k].
struct Sizes { cols: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> squares: array<f32>;     // [cols]: ‖v[:, k]‖²
@group(0) @binding(1) var<storage, read> dot: array<f32>;         // [cols]
@group(0) @binding(2) var<storage, read_write> dgain: array<f32>; // [cols]

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < sizes.cols) {
    dgain[id.x] += dot[id.x] * inverseSqrt(squares[id.x]);
  }
}
