// Gradient of a matrix that was repeated over broadcast axes: dx[i, e] = Σ over its repeats of full[i, e].
// The full gradient is dense over three groups of axes; a group is either kept (REPEAT 1) or summed (KEEP 1).
struct Sizes {
  count: u32,   // elements of dx
  matrix: u32,  // elements of one matrix
  size1: u32, size2: u32,               // of groups 1 and 2, in the full gradient
  keep1: u32, keep2: u32,               // of groups 1 and 2, in dx
  repeat0: u32, repeat1: u32, repeat2: u32,
}
alias dx_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> full: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<dx_type>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (group.x + group.y * groups.x) * 64u + local;
  if (i >= sizes.count) {
    return;
  }
  let element = i % sizes.matrix;
  let batch = i / sizes.matrix;
  let i2 = batch % sizes.keep2;
  let i1 = batch / sizes.keep2 % sizes.keep1;
  let i0 = batch / sizes.keep2 / sizes.keep1;
  var sum = 0.0;
  for (var r0 = 0u; r0 < sizes.repeat0; r0++) {
    for (var r1 = 0u; r1 < sizes.repeat1; r1++) {
      for (var r2 = 0u; r2 < sizes.repeat2; r2++) {
        let source = ((i0 + r0) * sizes.size1 + i1 + r1) * sizes.size2 + i2 + r2;
        sum += full[source * sizes.matrix + element];
      }
    }
  }
  dx[i] = dx_type(sum);
}
