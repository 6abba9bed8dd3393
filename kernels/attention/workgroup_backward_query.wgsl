// Attention, backward to the queries, for GPUs: 8 x 8 threads take 32 queries against all keys, 32 at a time. It
// recomputes the weights from the scores and forward's log-sum-exp:
//   w_ij = exp(s_ij - lse_i),   ds_ij = w_ij · (dy_i · value_j - delta_i) / √width,   delta_i = dy_i · y_i,
//   dq_i = Σ_j ds_ij · k_j + Σ_j ds_ij · p_{i-j}.
// Registers and workgroup memory as in workgroup_forward.wgsl. In the second sum the positions slide: query i + 1 at key
// j + 1 reads the same row of p as query i at key j, so each thread loads one row of p per key. 12 KiB of workgroup memory.
//
// Bytes it must move: q, k, value, dy and dq once, p once for each head. It moves k twice, value once and p three times for
// each 32 queries, q and dy once for each tile of keys, and all of that once for each CHUNKS · 32 columns of dq.
alias dq_type = f32;
const CHUNKS: u32 = 2u;       // 1 or 2: columns of a workgroup, in 32
const RELATIVE: bool = true;
const DROPOUT: bool = false;  // of the weights, after the softmax
const UNROLL: bool = false;   // loops of a constant length
// include parts/attention/sizes.wgsl
// include parts/attention/inputs.wgsl
// include parts/attention/gradients.wgsl
@group(0) @binding(7) var<storage, read> stats: array<f32>;        // [2 or 3, batch, heads, queries]: lse, delta
@group(0) @binding(8) var<storage, read_write> dq: array<dq_type>; // [batch, queries, heads, width]

// include parts/attention/tiles.wgsl
var<workgroup> weights: array<vec4f, 256>; // ds: [key, 8 x 4 queries]

const CONTENT: u32 = 0u;    // places in stage: q + u,
const POSITION: u32 = 72u;  // q + v,
const KEY: u32 = 144u;      // k,
const VALUE: u32 = 216u;    // value,
const GRADIENT: u32 = 288u; // dy,
const DISTANCE: u32 = 360u; // p

// include parts/attention/mask_keys.wgsl

alias lse_type = f32;
// include parts/attention/weight.wgsl
// include parts/attention/dropout.wgsl

// Four columns of the row of p for query i and key j, either of which may be out of range.
fn p_columns(i: u32, j: u32, head: u32, column: u32) -> vec4f {
  let row = u32(clamp(i32(sizes.keys + j) - 1 - i32(i), 0, i32(2u * sizes.keys) - 2));
  return p_at(row * sizes.heads * sizes.width + head + min(quad(column), vec4u(sizes.width - 1u)));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let tx = local % 8u;
  let ty = local / 8u;
  let i = id.x * 32u + 4u * ty;
  let b = id.z / sizes.heads;
  let h = id.z % sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let mask_start = b * sizes.mask_batch + h * sizes.mask_head;
  let head_bits = head_bits_of(id.z);
  let features = select(min(STEP, sizes.width), STEP, UNROLL);
  let column = id.y * CHUNKS * 32u + 4u * tx;
  let rows = min(quad(i), vec4u(sizes.queries - 1u));
  // This thread stages feature tx of 4 rows.
  let staged_q = (b * sizes.queries + rows) * dim + head;
  let lses = lse_at(id.z * sizes.queries + rows);
  let deltas = delta_at(id.z * sizes.queries + rows);
  var end = sizes.keys;
  if (sizes.causal != 0u) {
    end = min(end, id.x * 32u + 32u);
  }
  var dq0 = vec4f(); var dq1 = vec4f(); var dq2 = vec4f(); var dq3 = vec4f();
  var dq4 = vec4f(); var dq5 = vec4f(); var dq6 = vec4f(); var dq7 = vec4f(); // the second chunk
  for (var j = 0u; j < end; j += 32u) {
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
    var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
    let staged_k = (b * sizes.keys + min(quad(j + 4u * ty), vec4u(sizes.keys - 1u))) * dim + head;
    let first = vec4i(quad(4u * ty)) + (i32(sizes.queries) + i32(j) - i32(id.x * 32u) - 32); // rows of p
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
        let query = stage[CONTENT + c * 9u + ty];
        let key = stage[KEY + c * 9u + tx];
        s0 += query.x * key;
        s1 += query.y * key;
        s2 += query.z * key;
        s3 += query.w * key;
        if (RELATIVE) {
          let shifted = stage[POSITION + c * 9u + ty];
          let near = stage[DISTANCE + c * 17u + tx + 7u - ty];
          let far = stage[DISTANCE + c * 17u + tx + 8u - ty];
          s0 += shifted.x * vec4f(near.w, far.xyz);
          s1 += shifted.y * vec4f(near.zw, far.xy);
          s2 += shifted.z * vec4f(near.yzw, far.x);
          s3 += shifted.w * near;
        }
        let gradient = stage[GRADIENT + c * 9u + ty];
        let z = stage[VALUE + c * 9u + tx];
        t0 += gradient.x * z;
        t1 += gradient.y * z;
        t2 += gradient.z * z;
        t3 += gradient.w * z;
      }
      workgroupBarrier();
    }
    let keys = quad(j + 4u * tx);
    let ds = transpose(mat4x4f(
      weight(s0, lses.x, unmasked(mask_start, i, keys)) * (dropped(t0, head_bits, vec4u(i), keys) - deltas.x),
      weight(s1, lses.y, unmasked(mask_start, i + 1u, keys)) * (dropped(t1, head_bits, vec4u(i + 1u), keys) - deltas.y),
      weight(s2, lses.z, unmasked(mask_start, i + 2u, keys)) * (dropped(t2, head_bits, vec4u(i + 2u), keys) - deltas.z),
      weight(s3, lses.w, unmasked(mask_start, i + 3u, keys)) * (dropped(t3, head_bits, vec4u(i + 3u), keys) - deltas.w))) * sizes.scale;
    weights[(4u * tx) * 8u + ty] = ds[0];
    weights[(4u * tx + 1u) * 8u + ty] = ds[1];
    weights[(4u * tx + 2u) * 8u + ty] = ds[2];
    weights[(4u * tx + 3u) * 8u + ty] = ds[3];
    // 32 keys: a row of CHUNKS · 8 vec4 each.
    for (var n = local; n < 32u * 8u * CHUNKS; n += 64u) {
      let row = min(j + n / (8u * CHUNKS), sizes.keys - 1u);
      let c = id.y * CHUNKS * 32u + n % (8u * CHUNKS) * 4u;
      stage[n] = k_at((b * sizes.keys + row) * dim + head + min(quad(c), vec4u(sizes.width - 1u)));
    }
    workgroupBarrier();
    var p0 = vec4f(); var p1 = vec4f(); var p2 = vec4f(); var p3 = vec4f(); // for queries i … i + 3 at key n
    var p4 = vec4f(); var p5 = vec4f(); var p6 = vec4f(); var p7 = vec4f(); // the second chunk
    if (RELATIVE) {
      p0 = p_columns(i + 1u, j, head, column); p1 = p_columns(i + 2u, j, head, column); p2 = p_columns(i + 3u, j, head, column);
      if (CHUNKS > 1u) {
        p4 = p_columns(i + 1u, j, head, column + 32u); p5 = p_columns(i + 2u, j, head, column + 32u); p6 = p_columns(i + 3u, j, head, column + 32u);
      }
    }
    for (var r = 0u; r < select(min(32u, end - j), 32u, UNROLL); r++) {
      let n = r % 32u;
      let a = weights[n * 8u + ty];
      let x = stage[n * 8u * CHUNKS + tx];
      dq0 += a.x * x;
      dq1 += a.y * x;
      dq2 += a.z * x;
      dq3 += a.w * x;
      if (CHUNKS > 1u) {
        let z = stage[n * 8u * CHUNKS + 8u + tx];
        dq4 += a.x * z;
        dq5 += a.y * z;
        dq6 += a.z * z;
        dq7 += a.w * z;
      }
      if (RELATIVE) {
        p3 = p2; p2 = p1; p1 = p0;
        p0 = p_columns(i, j + n, head, column);
        dq0 += a.x * p0;
        dq1 += a.y * p1;
        dq2 += a.z * p2;
        dq3 += a.w * p3;
        if (CHUNKS > 1u) {
          p7 = p6; p6 = p5; p5 = p4;
          p4 = p_columns(i, j + n, head, column + 32u);
          dq4 += a.x * p4;
          dq5 += a.y * p5;
          dq6 += a.z * p6;
          dq7 += a.w * p7;
        }
      }
    }
    workgroupBarrier();
  }
  for (var row = i; row < min(i + 4u, sizes.queries); row++) {
    let at = (b * sizes.queries + row) * dim + head;
    store_columns(at, column, dq0);
    if (CHUNKS > 1u) {
      store_columns(at, column + 32u, dq4);
    }
    dq0 = dq1; dq1 = dq2; dq2 = dq3;
    dq4 = dq5; dq5 = dq6; dq6 = dq7;
  }
}

fn store_columns(at: u32, column: u32, x: vec4f) {
  var rest_x = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    dq[at + c] = dq_type(rest_x.x);
    rest_x = rest_x.yzwx;
  }
}
