// y[i] = offset + scale · u, with u uniform in [-1, 1) from a hash of (key, i): see engine/random.ts. u has so few bits that
// every step is exact, in f16 as well: the host computes the very same numbers, so that nothing large is ever uploaded.
struct Sizes {
  count: u32,
  key: u32,
  bits: u32, // of u
  scale: f32,
  offset: f32,
}
alias y_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read_write> y: array<y_type>;

fn mix(value: u32) -> u32 {
  var h = value;
  h = (h ^ (h >> 16u)) * 0x7feb352du;
  h = (h ^ (h >> 15u)) * 0x846ca68bu;
  return h ^ (h >> 16u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let start = mix(0x9e3779b9u ^ sizes.key);
  let half = f32(1u << (sizes.bits - 1u));
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let u = (f32(mix(start ^ i) >> (32u - sizes.bits)) - half) / half;
    y[i] = y_type(sizes.offset + sizes.scale * u);
  }
}
