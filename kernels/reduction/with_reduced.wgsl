// Combines each element of x with r, the result of reducing its group, and with dr, the gradient of that
// result. r and dr have size 1, hence stride 0, along the reduced axes.
const OP: u32 = 0u;
const LOWEST: f32 = -3.4028234e38;
struct Sizes { count: u32, n1: u32, n2: u32, n3: u32, n4: u32, r0: u32, r1: u32, r2: u32, r3: u32, r4: u32, factor: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> r: array<f32>;
@group(0) @binding(2) var<storage, read> dr: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // of x's shape

fn combine(v: f32, reduced: f32, gradient: f32) -> f32 {
  switch OP {
    // The gradient of a sum or mean.
    case 0u: { return sizes.factor * gradient; }
    // The terms of a variance, with r the mean.
    case 1u: { return (v - reduced) * (v - reduced); }
    // The gradient of a variance.
    case 2u: { return sizes.factor * gradient * (v - reduced); }
    // The gradient of r = log Σ exp x. A group of only -inf has no gradient.
    case 3u: { return select(gradient * exp(v - reduced), 0.0, reduced < LOWEST); }
    // 1 where x is the maximum r, else 0.
    case 4u: { return select(0.0, 1.0, v == reduced); }
    // The gradient of a maximum: equal shares, with x 1 where it occurs and r their number.
    default: { return v * gradient / reduced; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    var rest = i;
    var index = (rest % sizes.n4) * sizes.r4;
    rest /= sizes.n4;
    index += (rest % sizes.n3) * sizes.r3;
    rest /= sizes.n3;
    index += (rest % sizes.n2) * sizes.r2;
    rest /= sizes.n2;
    index += (rest % sizes.n1) * sizes.r1 + (rest / sizes.n1) * sizes.r0;
    y[i] = combine(x[i], r[index], dr[index]);
  }
}
