// y = a ∘ b, element by element. LAYOUT says how to find an operand's element:
//   0  same shapes: i      1  an operand may repeat as a whole, as [cols] along [rows, cols]: i mod its size
//   2  any broadcast over four axes: by strides that are 0 where an operand repeats.
const OP: u32 = 0u; // 0 add, 1 sub, 2 mul, 3 div, 4 maximum, 5 minimum, 6 pow
const LAYOUT: u32 = 0u;
struct Sizes {
  count: u32, a_count: u32, b_count: u32,
  n1: u32, n2: u32, n3: u32,
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// include parts/broadcast.wgsl
// include parts/power.wgsl

fn combine(p: f32, q: f32) -> f32 {
  switch OP {
    case 0u: { return p + q; }
    case 1u: { return p - q; }
    case 2u: { return p * q; }
    case 3u: { return p / q; }
    // If neither is larger, one of them is NaN, and so is the sum; a GPU's max and min would return the other one.
    case 4u: { return select(select(p + q, q, q > p), p, p >= q); }
    case 5u: { return select(select(p + q, q, q < p), p, p <= q); }
    default: { return power(p, q); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let index = operand_indices(i);
    y[i] = combine(a[index.x], b[index.y]);
  }
}
