// y = a ∘ b on 32-bit words, element by element, for what binary.wgsl does not do: comparisons, which give 1 or 0, and whole numbers,
// whose sums and products wrap and have the same bits with and without a sign. TYPE says what the words are.
const OP: u32 = 0u; // 0 add, 1 sub, 2 mul, 3 equal, 4 not equal, 5 less, 6 less or equal, 7 greater, 8 greater or equal
const TYPE: u32 = 0u; // 0 f32, 1 i32, 2 u32
const LAYOUT: u32 = 0u; // as in binary.wgsl
struct Sizes {
  count: u32, a_count: u32, b_count: u32,
  n1: u32, n2: u32, n3: u32,
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> a: array<u32>;
@group(0) @binding(1) var<storage, read> b: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

// include parts/broadcast.wgsl

// By its bits: compilers may assume that NaN does not occur.
fn is_nan(word: u32) -> bool {
  return (word & 0x7fffffffu) > 0x7f800000u;
}

fn less(p: u32, q: u32) -> bool {
  switch TYPE {
    case 0u: { return bitcast<f32>(p) < bitcast<f32>(q); }
    case 1u: { return bitcast<i32>(p) < bitcast<i32>(q); }
    default: { return p < q; }
  }
}

fn equal(p: u32, q: u32) -> bool {
  return p == q || (TYPE == 0u && ((p | q) & 0x7fffffffu) == 0u); // 0 and -0
}

fn combine(p: u32, q: u32) -> u32 {
  if (TYPE == 0u && (is_nan(p) || is_nan(q))) {
    return select(0u, 1u, OP == 4u);
  }
  switch OP {
    case 0u: { return p + q; }
    case 1u: { return p - q; }
    case 2u: { return p * q; }
    case 3u: { return select(0u, 1u, equal(p, q)); }
    case 4u: { return select(1u, 0u, equal(p, q)); }
    case 5u: { return select(0u, 1u, less(p, q)); }
    case 6u: { return select(0u, 1u, less(p, q) || equal(p, q)); }
    case 7u: { return select(0u, 1u, less(q, p)); }
    default: { return select(0u, 1u, less(q, p) || equal(p, q)); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let index = operand_indices(i);
    y[i] = combine(a[index.x], b[index.y]);
  }
}
