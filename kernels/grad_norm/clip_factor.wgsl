// factor = min(1, max_norm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_; -1 if the norm is infinite or NaN, which
// is read off its exponent bits because compilers may assume that such numbers do not occur.
struct Sizes { max_norm: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> norm: array<f32>;           // [1]
@group(0) @binding(1) var<storage, read_write> factor: array<f32>;   // [1]

@compute @workgroup_size(1)
fn main() {
  let finite = (bitcast<u32>(norm[0]) & 0x7f800000u) != 0x7f800000u;
  factor[0] = select(-1.0, min(1.0, sizes.max_norm / (norm[0] + 1e-6)), finite);
}
