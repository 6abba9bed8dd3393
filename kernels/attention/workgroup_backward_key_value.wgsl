// Attention, backward to the keys and values, for GPUs: 8 x 8 threads take 32 keys against all queries, 32 at a time. It
// recomputes the weights, as workgroup_backward_query.wgsl does:
//   w_ij = exp(s_ij - lse_i),   ds_ij = w_ij · (dy_i · value_j - delta_i) / √width,   delta_i = dy_i · y_i,
//   dvalue_j = Σ_i w_ij · dy_i,   dk_j = Σ_i ds_ij · (q_i + u),   key_sums_j = Σ_i ds_ij, from which du follows.
// Registers and workgroup memory as in workgroup_forward.wgsl, with keys as rows; first w and then ds pass through
// the same 4 KiB. 12 KiB of workgroup memory.
//
// Bytes it must move: q, k, value, dy, dk and dvalue once, p once for each head. It moves q and dy twice and p twice for
// each 32 keys, k and value once for each tile of queries, and all of that once for each CHUNKS · 32 columns.
alias dk_type = f32;
alias dvalue_type = f32;
const CHUNKS: u32 = 2u;       // 1 or 2: columns of a workgroup, in 32
const RELATIVE: bool = true;
const DROPOUT: bool = false;  // of the weights, after the softmax
const UNROLL: bool = false;   // loops of a constant length
// include parts/attention/sizes.wgsl
// include parts/attention/inputs.wgsl
// include parts/attention/gradients.wgsl
@group(0) @binding(7) var<storage, read_write> stats: array<f32>;  // [3, batch, heads, queries]: lse, delta and, if RELATIVE, key_sums, which this writes
@group(0) @binding(8) var<storage, read_write> dk: array<dk_type>;         // [batch, keys, heads, width]
@group(0) @binding(9) var<storage, read_write> dvalue: array<dvalue_type>; // [batch, keys, heads, width]

// include parts/attention/tiles.wgsl
var<workgroup> weights: array<vec4f, 256>; // w, then ds: [query, 8 x 4 keys]

const CONTENT: u32 = 0u;    // places in stage: q + u,
const POSITION: u32 = 72u;  // q + v,
const KEY: u32 = 144u;      // k,
const VALUE: u32 = 216u;    // value,
const GRADIENT: u32 = 288u; // dy,
const DISTANCE: u32 = 360u; // p

// include parts/attention/mask_queries.wgsl

alias lse_type = vec4f;
// include parts/attention/weight.wgsl
// include parts/attention/dropout.wgsl

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let tx = local % 8u;
  let ty = local / 8u;
  let j = id.x * 32u + 4u * ty;
  let b = id.z / sizes.heads;
  let h = id.z % sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let mask_start = b * sizes.mask_batch + h * sizes.mask_head;
  let head_bits = head_bits_of(id.z);
  let features = select(min(STEP, sizes.width), STEP, UNROLL);
  let column = id.y * CHUNKS * 32u + 4u * tx;
  // This thread stages feature tx of 4 rows.
  let staged_k = (b * sizes.keys + min(quad(j), vec4u(sizes.keys - 1u))) * dim + head;
  var dk0 = vec4f(); var dk1 = vec4f(); var dk2 = vec4f(); var dk3 = vec4f();
  var dk4 = vec4f(); var dk5 = vec4f(); var dk6 = vec4f(); var dk7 = vec4f(); // the second chunk
  var dv0 = vec4f(); var dv1 = vec4f(); var dv2 = vec4f(); var dv3 = vec4f();
  var dv4 = vec4f(); var dv5 = vec4f(); var dv6 = vec4f(); var dv7 = vec4f();
  var sums = vec4f(); // over this thread's queries
  for (var i = select(0u, id.x * 32u, sizes.causal != 0u); i < sizes.queries; i += 32u) {
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
    var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
    let staged_q = (b * sizes.queries + min(quad(i + 4u * ty), vec4u(sizes.queries - 1u))) * dim + head;
    let first = vec4i(quad(4u * ty)) + (i32(sizes.queries) + i32(id.x * 32u) - i32(i) - 32); // rows of p
    let farthest = vec4i(i32(2u * sizes.keys) - 2);
    let staged_p = vec4u(clamp(first, vec4i(0), farthest)) * dim + head;
    let staged_p_next = vec4u(clamp(first + 32, vec4i(0), farthest)) * dim + head;
    for (var d = 0u; d < sizes.width; d += STEP) {
      let inside = d + tx < sizes.width;
      let feature = min(d + tx, sizes.width - 1u);
      let x = q_at(staged_q + feature);
      if (RELATIVE) {
        let c = head + feature;
        stage[CONTENT + tx * 9u + ty] = select(vec4f(), x + biases[c], inside);
        stage[POSITION + tx * 9u + ty] = select(vec4f(), x + biases[dim + c], inside);
        stage[DISTANCE + tx * 17u + ty] = select(vec4f(), p_at(staged_p + feature), inside);
        stage[DISTANCE + tx * 17u + ty + 8u] = select(vec4f(), p_at(staged_p_next + feature), inside);
      } else {
        stage[CONTENT + tx * 9u + ty] = select(vec4f(), x, inside);
      }
      stage[KEY + tx * 9u + ty] = select(vec4f(), k_at(staged_k + feature), inside);
      stage[VALUE + tx * 9u + ty] = select(vec4f(), value_at(staged_k + feature), inside);
      stage[GRADIENT + tx * 9u + ty] = select(vec4f(), dy_at(staged_q + feature), inside);
      workgroupBarrier();
      for (var f = 0u; f < features; f++) {
        let c = f % STEP;
        let key = stage[KEY + c * 9u + ty];
        let query = stage[CONTENT + c * 9u + tx];
        s0 += key.x * query;
        s1 += key.y * query;
        s2 += key.z * query;
        s3 += key.w * query;
        if (RELATIVE) {
          let shifted = stage[POSITION + c * 9u + tx];
          let near = stage[DISTANCE + c * 17u + ty + 7u - tx];
          let far = stage[DISTANCE + c * 17u + ty + 8u - tx];
          s0 += shifted * near.wzyx;
          s1 += shifted * vec4f(far.x, near.wzy);
          s2 += shifted * vec4f(far.yx, near.wz);
          s3 += shifted * vec4f(far.zyx, near.w);
        }
        let z = stage[VALUE + c * 9u + ty];
        let gradient = stage[GRADIENT + c * 9u + tx];
        t0 += z.x * gradient;
        t1 += z.y * gradient;
        t2 += z.z * gradient;
        t3 += z.w * gradient;
      }
      workgroupBarrier();
    }
    let queries = quad(i + 4u * tx);
    let at_row = id.z * sizes.queries + min(queries, vec4u(sizes.queries - 1u));
    let lses = lse_at(at_row);
    let deltas = delta_at(at_row);
    let w0 = weight(s0, lses, unmasked(mask_start, queries, j));
    let w1 = weight(s1, lses, unmasked(mask_start, queries, j + 1u));
    let w2 = weight(s2, lses, unmasked(mask_start, queries, j + 2u));
    let w3 = weight(s3, lses, unmasked(mask_start, queries, j + 3u));
    let w = transpose(dropped_columns(mat4x4f(w0, w1, w2, w3), head_bits, queries, quad(j)));
    let t = dropped_columns(mat4x4f(t0, t1, t2, t3), head_bits, queries, quad(j));
    let ds = transpose(mat4x4f(w0 * (t[0] - deltas), w1 * (t[1] - deltas), w2 * (t[2] - deltas), w3 * (t[3] - deltas))) * sizes.scale;
    sums += ds * vec4f(1.0);
    weights[(4u * tx) * 8u + ty] = w[0];
    weights[(4u * tx + 1u) * 8u + ty] = w[1];
    weights[(4u * tx + 2u) * 8u + ty] = w[2];
    weights[(4u * tx + 3u) * 8u + ty] = w[3];
    // dy of 32 queries: a row of CHUNKS · 8 vec4 each.
    for (var n = local; n < 32u * 8u * CHUNKS; n += 64u) {
      let row = min(i + n / (8u * CHUNKS), sizes.queries - 1u);
      let c = head + min(quad(id.y * CHUNKS * 32u + n % (8u * CHUNKS) * 4u), vec4u(sizes.width - 1u));
      stage[n] = dy_at((b * sizes.queries + row) * dim + c);
    }
    workgroupBarrier();
    for (var r = 0u; r < select(min(32u, sizes.queries - i), 32u, UNROLL); r++) {
      let n = r % 32u;
      let a = weights[n * 8u + ty];
      let x = stage[n * 8u * CHUNKS + tx];
      dv0 += a.x * x;
      dv1 += a.y * x;
      dv2 += a.z * x;
      dv3 += a.w * x;
      if (CHUNKS > 1u) {
        let z = stage[n * 8u * CHUNKS + 8u + tx];
        dv4 += a.x * z;
        dv5 += a.y * z;
        dv6 += a.z * z;
        dv7 += a.w * z;
      }
    }
    workgroupBarrier();
    weights[(4u * tx) * 8u + ty] = ds[0];
    weights[(4u * tx + 1u) * 8u + ty] = ds[1];
    weights[(4u * tx + 2u) * 8u + ty] = ds[2];
    weights[(4u * tx + 3u) * 8u + ty] = ds[3];
    // The same of q + u.
    for (var n = local; n < 32u * 8u * CHUNKS; n += 64u) {
      let row = min(i + n / (8u * CHUNKS), sizes.queries - 1u);
      let c = head + min(quad(id.y * CHUNKS * 32u + n % (8u * CHUNKS) * 4u), vec4u(sizes.width - 1u));
      var bias = vec4f();
      if (RELATIVE) {
        bias = u_at(c);
      }
      stage[n] = q_at((b * sizes.queries + row) * dim + c) + bias;
    }
    workgroupBarrier();
    for (var r = 0u; r < select(min(32u, sizes.queries - i), 32u, UNROLL); r++) {
      let n = r % 32u;
      let a = weights[n * 8u + ty];
      let x = stage[n * 8u * CHUNKS + tx];
      dk0 += a.x * x;
      dk1 += a.y * x;
      dk2 += a.z * x;
      dk3 += a.w * x;
      if (CHUNKS > 1u) {
        let z = stage[n * 8u * CHUNKS + 8u + tx];
        dk4 += a.x * z;
        dk5 += a.y * z;
        dk6 += a.z * z;
        dk7 += a.w * z;
      }
    }
    workgroupBarrier();
  }
  weights[local] = sums;
  workgroupBarrier();
  var key_sum = vec4f();
  for (var n = 0u; n < 8u; n++) {
    key_sum += weights[ty * 8u + n];
  }
  // Row by row, shifting the rows up, so that the stores are compiled once and not four times.
  for (var row = j; row < min(j + 4u, sizes.keys); row++) {
    let at = (b * sizes.keys + row) * dim + head;
    store_columns(at, column, dk0, dv0);
    if (CHUNKS > 1u) {
      store_columns(at, column + 32u, dk4, dv4);
    }
    if (RELATIVE && tx == 0u && id.y == 0u) {
      stats[(2u * sizes.batch * sizes.heads + id.z) * sizes.keys + row] = key_sum.x;
    }
    key_sum = key_sum.yzwx;
    dk0 = dk1; dk1 = dk2; dk2 = dk3;
    dk4 = dk5; dk5 = dk6; dk6 = dk7;
    dv0 = dv1; dv1 = dv2; dv2 = dv3;
    dv4 = dv5; dv5 = dv6; dv6 = dv7;
  }
}

fn store_columns(at: u32, column: u32, key: vec4f, x: vec4f) {
  var rest_key = key;
  var rest_x = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    dk[at + c] = dk_type(rest_key.x);
    rest_key = rest_key.yzwx;
    dvalue[at + c] = dvalue_type(rest_x.x);
    rest_x = rest_x.yzwx;
  }
}
