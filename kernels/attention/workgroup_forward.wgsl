// Attention, forward, for GPUs: FlashAttention-2 (Dao, 2023). A workgroup of 8 x 8 threads takes 32 queries against all keys,
// 32 at a time, with an online softmax:
//   s_ij = (q_i + u) · k_j + (q_i + v) · p_{i-j},  times 1/√width      (without u, v and p if not RELATIVE)
//   m_i' = max(m_i, max_j s_ij),  w_ij = exp(s_ij - m_i'),
//   y_i' = y_i · exp(m_i - m_i') + Σ_j w_ij · value_j,  l_i' = l_i · exp(m_i - m_i') + Σ_j w_ij;  at the end y_i / l_i.
// No score ever leaves the workgroup. Each thread holds 4 queries x 4 keys of the scores and 4 queries x 4 columns of
// each chunk of y in registers. The operands of the scores are staged in workgroup memory, STEP features at a time, as vec4 of
// four neighbouring rows of one feature; a stride of 9 or 17 vec4 per feature keeps writes and reads free of bank
// conflicts. The 16 pairs of a thread use 7 neighbouring rows of p, so it reads two vec4 of them.
// 12.5 KiB of workgroup memory: within the 16 KiB that every device has.
//
// Bytes it must move: q, k, value and y once, p once for each head. It moves q once for each tile of keys, k and value
// once and p twice for each 32 queries, and all of that once for each CHUNKS · 32 columns of y: from the L2 cache.
// Limited by workgroups of just two warps and by five wide loads for 32 multiply-adds (three without p). Predicted for an H200:
// 20 to 40 % of its f32 peak; a quarter of that is due to unrolled loops and no bounds checks. The three backward kernels alike.
alias y_type = f32;
const CHUNKS: u32 = 2u;       // 1 or 2: columns of a workgroup, in 32
const RELATIVE: bool = true;
const DROPOUT: bool = false;  // of the weights, after the softmax
const UNROLL: bool = false;   // loops of a constant length
// include parts/attention/sizes.wgsl
// include parts/attention/inputs.wgsl
@group(0) @binding(6) var<storage, read_write> y: array<y_type>;   // [batch, queries, heads, width]
@group(0) @binding(7) var<storage, read_write> lse: array<f32>;    // [batch, heads, queries]: log Σ_j exp s_ij

// include parts/attention/tiles.wgsl
var<workgroup> weights: array<vec4f, 256>; // [key, 8 x 4 queries]

var<workgroup> row_values: array<vec4f, 64>; // of each thread, for its four queries
const CONTENT: u32 = 0u;    // places in stage: q + u,
const POSITION: u32 = 72u;  // q + v,
const KEY: u32 = 144u;      // k,
const DISTANCE: u32 = 216u; // p

// include parts/attention/mask_keys.wgsl

// Scores of a query, scaled, NEG_INF where masked.
fn scale_and_mask(s: vec4f, seen: vec4<bool>) -> vec4f {
  return select(vec4f(NEG_INF), s * sizes.scale, seen);
}

// include parts/attention/softmax.wgsl
// include parts/attention/dropout.wgsl

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
  // This thread stages feature tx of 4 rows.
  let staged_q = (b * sizes.queries + min(quad(i), vec4u(sizes.queries - 1u))) * dim + head;
  var end = sizes.keys;
  if (sizes.causal != 0u) {
    end = min(end, id.x * 32u + 32u);
  }
  var y0 = vec4f(); var y1 = vec4f(); var y2 = vec4f(); var y3 = vec4f();
  var y4 = vec4f(); var y5 = vec4f(); var y6 = vec4f(); var y7 = vec4f(); // the second chunk
  var running_max = vec4f(-1e30);
  var running_sum = vec4f(); // over this thread's keys
  for (var j = 0u; j < end; j += 32u) {
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
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
      }
      workgroupBarrier();
    }
    let keys = quad(j + 4u * tx);
    s0 = scale_and_mask(s0, unmasked(mask_start, i, keys));
    s1 = scale_and_mask(s1, unmasked(mask_start, i + 1u, keys));
    s2 = scale_and_mask(s2, unmasked(mask_start, i + 2u, keys));
    s3 = scale_and_mask(s3, unmasked(mask_start, i + 3u, keys));
    row_values[local] = vec4f(max_of(s0), max_of(s1), max_of(s2), max_of(s3));
    // Values of 32 keys: a row of CHUNKS · 8 vec4 each.
    for (var n = local; n < 32u * 8u * CHUNKS; n += 64u) {
      let row = min(j + n / (8u * CHUNKS), sizes.keys - 1u);
      let c = id.y * CHUNKS * 32u + n % (8u * CHUNKS) * 4u;
      stage[n] = value_at((b * sizes.keys + row) * dim + head + min(quad(c), vec4u(sizes.width - 1u)));
    }
    workgroupBarrier();
    var new_max = running_max;
    for (var n = 0u; n < 8u; n++) {
      new_max = max(new_max, row_values[ty * 8u + n]);
    }
    let rescale = exp(max(running_max - new_max, vec4f(-80.0)));
    running_max = new_max;
    let w = transpose(mat4x4f(weight(s0, new_max.x), weight(s1, new_max.y), weight(s2, new_max.z), weight(s3, new_max.w)));
    running_sum = running_sum * rescale + w * vec4f(1.0);
    let kept = dropped_columns(w, head_bits, quad(i), keys);
    weights[(4u * tx) * 8u + ty] = kept[0];
    weights[(4u * tx + 1u) * 8u + ty] = kept[1];
    weights[(4u * tx + 2u) * 8u + ty] = kept[2];
    weights[(4u * tx + 3u) * 8u + ty] = kept[3];
    y0 *= rescale.x; y1 *= rescale.y; y2 *= rescale.z; y3 *= rescale.w;
    y4 *= rescale.x; y5 *= rescale.y; y6 *= rescale.z; y7 *= rescale.w;
    workgroupBarrier();
    for (var r = 0u; r < select(min(32u, end - j), 32u, UNROLL); r++) {
      let n = r % 32u;
      let a = weights[n * 8u + ty];
      let x = stage[n * 8u * CHUNKS + tx];
      y0 += a.x * x;
      y1 += a.y * x;
      y2 += a.z * x;
      y3 += a.w * x;
      if (CHUNKS > 1u) {
        let z = stage[n * 8u * CHUNKS + 8u + tx];
        y4 += a.x * z;
        y5 += a.y * z;
        y6 += a.z * z;
        y7 += a.w * z;
      }
    }
    workgroupBarrier();
  }
  row_values[local] = running_sum;
  workgroupBarrier();
  var sum = vec4f();
  for (var n = 0u; n < 8u; n++) {
    sum += row_values[ty * 8u + n];
  }
  // Row by row, shifting the rows up, so that the stores are compiled once and not four times.
  for (var row = i; row < min(i + 4u, sizes.queries); row++) {
    let factor = select(0.0, 1.0 / max(sum.x, 1e-30), sum.x > 0.0);
    let at = (b * sizes.queries + row) * dim + head;
    store_columns(at, column, y0 * factor);
    if (CHUNKS > 1u) {
      store_columns(at, column + 32u, y4 * factor);
    }
    if (tx == 0u && id.y == 0u) {
      lse[id.z * sizes.queries + row] = running_max.x + log(max(sum.x, 1e-30));
    }
    sum = sum.yzwx;
    running_max = running_max.yzwx;
    y0 = y1; y1 = y2; y2 = y3;
    y4 = y5; y5 = y6; y6 = y7;
  }
}

fn store_columns(at: u32, column: u32, x: vec4f) {
  var rest_x = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    y[at + c] = y_type(rest_x.x);
    rest_x = rest_x.yzwx;
  }
}
