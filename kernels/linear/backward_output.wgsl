// Backward of a linear layer from its output to before its activation, and the first of two stages of the bias's gradient:
//   dpre = dy · activation'(pre),   partial[chunk, col] = Σ over the chunk's rows of dpre.
// Each thread walks down one column of one chunk and sums dpre on the way: that moves 12 bytes per element, 6 where
// all are f16 (without activation 4 and 2, since dpre is dy), and for partial a thirty-second of dpre. Neighbouring
// threads have neighbouring columns.
const CHUNK: u32 = 32u;          // rows
const ACTIVATION: u32 = 1u;      // as in matmul/plain.wgsl; 0, none: dpre is dy, and pre and dpre are bound to anything
struct Sizes { rows: u32, cols: u32 }
alias dy_type = f32;
alias pre_type = f32;
alias dpre_type = f32;
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> dy: array<dy_type>;           // [rows, cols]
@group(0) @binding(1) var<storage, read> pre: array<pre_type>;         // [rows, cols]
@group(0) @binding(2) var<storage, read_write> dpre: array<dpre_type>; // [rows, cols]
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;    // [chunks, cols]

alias real = f32;
// include parts/normal_cdf.wgsl

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

fn derivative(x: f32) -> f32 {
  switch (ACTIVATION) {
    case 1u: { return select(0.0, 1.0, x > 0.0); }
    case 2u: {
      let s = sigmoid(x);
      return s * (1.0 + x * (1.0 - s));
    }
    case 3u: {
      let z = clamp(x, -12.0, 12.0);
      return normal_cdf(x) + z * 0.3989422804 * exp(-0.5 * z * z); // Φ(x) + x φ(x)
    }
    case 4u: {
      let s = sigmoid(x);
      return s * (1.0 - s);
    }
    case 5u: {
      let t = tanh(clamp(x, -15.0, 15.0));
      return 1.0 - t * t;
    }
    default: { return 1.0; }
  }
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let col = id.x;
  let chunk = id.y + id.z * groups.y;
  let start = chunk * CHUNK;
  if (col >= sizes.cols || start >= sizes.rows) {
    return;
  }
  var sum = 0.0;
  let end = min(sizes.rows, start + CHUNK);
  for (var row = start; row < end; row++) {
    let i = row * sizes.cols + col;
    var g = f32(dy[i]);
    if (ACTIVATION != 0u) {
      g *= derivative(f32(pre[i]));
      dpre[i] = dpre_type(g);
    }
    sum += g;
  }
  partial[chunk * sizes.cols + col] = sum;
}
