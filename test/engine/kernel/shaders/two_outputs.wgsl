// a = 1, b = 2: two outputs, which may be slices of one buffer.
@group(0) @binding(0) var<storage, read_write> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;

@compute @workgroup_size(1)
fn main() {
  a[0] = 1.0;
  b[0] = 2.0;
}
