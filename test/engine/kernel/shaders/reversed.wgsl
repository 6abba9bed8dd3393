// y = x of each workgroup's 8 elements in reverse, through workgroup memory.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
var<workgroup> shared_x: array<f32, 8>;

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) local: u32) {
  shared_x[local] = x[local];
  workgroupBarrier();
  y[local] = shared_x[7u - local];
}
