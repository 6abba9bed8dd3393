// Global norm, second stage: the square root of the sum of all partial sums, in one workgroup and always in the same order.
struct Sizes { count: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> norm: array<f32>; // [1]
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < sizes.count; i += 64u) {
    sum += partial[i];
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
      total += sums[i];
    }
    norm[0] = sqrt(total);
  }
}
