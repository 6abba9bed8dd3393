// Well formed, but calls a function that does not exist.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(1)
fn main() {
  y[0] = no_such_function(1.0);
}
