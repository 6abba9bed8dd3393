// Where the k largest elements along an axis are, in descending order. A thread takes an element and counts those before it in that
// order: that is its place. Of equal elements the first comes first, so no two have one place. NaN counts as largest, as in PyTorch.
// The time grows with the square of the axis, which is little for what one selects from: classes, beams, words.
struct Sizes { count: u32, elements: u32, inner: u32, k: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;             // [outer, count, inner]
@group(0) @binding(1) var<storage, read_write> indices: array<i32>; // [outer, k, inner]

// Unsigned numbers in the order of the floats whose bits they come from, 0 and -0 alike.
fn rank_key(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return 0xffffffffu;
  }
  if ((bits & 0x7fffffffu) == 0u) {
    return 0x80000000u;
  }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.elements; i += groups.x * 64u) {
    let own = i / sizes.inner % sizes.count;
    let start = i - own * sizes.inner;
    let key = rank_key(x[i]);
    var before = 0u;
    for (var j = 0u; j < sizes.count; j++) {
      let other = rank_key(x[start + j * sizes.inner]);
      if (other > key || (other == key && j < own)) {
        before++;
      }
    }
    if (before < sizes.k) {
      let outer = i / (sizes.inner * sizes.count);
      indices[(outer * sizes.k + before) * sizes.inner + i % sizes.inner] = i32(own);
    }
  }
}
