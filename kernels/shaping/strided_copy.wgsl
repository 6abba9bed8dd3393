// Copies between a dense array and a view of another: element i of the dense one, in row-major order, corresponds to the
// view's element at offset + Σ coordinate · stride. Strides may be negative (a flip) or 0 (a repetition).
//   MODE 0 gather: dense[i] = viewed[index]    1 scatter: viewed[index] = dense[i]    2 add: viewed[index] += dense[i]
// Gather and scatter of one view are each other's adjoints, so each is the other's gradient.
// Integers are moved as if they were f32: a load and a store keep every bit. The innermost of RANK axes is number 4.
const MODE: u32 = 0u;
const RANK: u32 = 5u;
struct Sizes { count: u32, n1: u32, n2: u32, n3: u32, n4: u32, s0: i32, s1: i32, s2: i32, s3: i32, s4: i32, offset: i32 }
alias element_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<element_type>;
@group(0) @binding(1) var<storage, read_write> y: array<element_type>;

fn view_index(i: u32) -> u32 {
  if (RANK == 1u) {
    return u32(sizes.offset + i32(i) * sizes.s4);
  }
  var index = sizes.offset + i32(i % sizes.n4) * sizes.s4;
  var rest = i / sizes.n4;
  if (RANK == 2u) {
    return u32(index + i32(rest) * sizes.s3);
  }
  index += i32(rest % sizes.n3) * sizes.s3;
  rest /= sizes.n3;
  if (RANK == 3u) {
    return u32(index + i32(rest) * sizes.s2);
  }
  index += i32(rest % sizes.n2) * sizes.s2;
  rest /= sizes.n2;
  if (RANK == 4u) {
    return u32(index + i32(rest) * sizes.s1);
  }
  return u32(index + i32(rest % sizes.n1) * sizes.s1 + i32(rest / sizes.n1) * sizes.s0);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < sizes.count; i += groups.x * 64u) {
    let index = view_index(i);
    if (MODE == 0u) {
      y[i] = x[index];
    } else if (MODE == 1u) {
      y[index] = x[i];
    } else {
      y[index] = element_type(f32(y[index]) + f32(x[i]));
    }
  }
}
