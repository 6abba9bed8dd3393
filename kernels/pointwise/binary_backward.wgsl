// The gradient of y = a ∘ b with respect to one operand, before it is summed over the axes along which that operand repeats:
//   mul  dy · b | dy · a      div  dy / b | -dy · a / b²      maximum, minimum  dy to the selected one, half each if equal
//   pow  dy · b · a^(b - 1), 0 for b = 0 | dy · a^b · log a, 0 for a = 0 and b ≥ 0, where a^b stays 0 or 1.
// add and sub need no kernel. LAYOUT as in binary.wgsl.
const OP: u32 = 0u; // 2 mul, 3 div, 4 maximum, 5 minimum, 6 pow
const LAYOUT: u32 = 0u;
const TO_B: bool = false; // the gradient of b, not of a
struct Sizes {
  count: u32, a_count: u32, b_count: u32,
  n1: u32, n2: u32, n3: u32,
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>; // of y's shape

// include parts/broadcast.wgsl
// include parts/power.wgsl

// ∂y / ∂a or ∂y / ∂b.
fn derivative(p: f32, q: f32) -> f32 {
  switch OP {
    case 2u: { return select(q, p, TO_B); }
    case 3u: { return select(1.0 / q, -p / (q * q), TO_B); }
    case 6u: {
      if (!TO_B) {
        return select(q * power(p, q - 1.0), 0.0, q == 0.0);
      }
      return select(power(p, q) * log(p), 0.0, p == 0.0 && q >= 0.0);
    }
    default: {
      if (p == q) {
        return 0.5;
      }
      let chooses_a = (p > q) == (OP == 4u);
      return select(0.0, 1.0, chooses_a != TO_B);
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let index = operand_indices(i);
    gradient[i] = dy[i] * derivative(a[index.x], b[index.y]);
  }
}
