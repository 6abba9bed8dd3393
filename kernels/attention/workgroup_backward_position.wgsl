// Attention, backward to the positions, for GPUs: 8 x 8 threads take 32 rows of p against all queries of a chunk of
// utterances, 32 at a time. It recomputes the weights, as workgroup_backward_query.wgsl does. With j = i + m - (frames - 1),
// the key for which query i reads row m of p,
//   dp_m = Σ_{b, i} ds_ij · (q_i + v),   position_sums_m = Σ_{b, i} ds_ij, from which dv follows.
// Registers and workgroup memory as in workgroup_forward.wgsl, with positions as rows. Here each thread needs 7
// neighbouring keys and values. Each chunk of utterances writes its own sums, and a second stage adds these: no atomics, a
// fixed order. 12 KiB of workgroup memory.
//
// Bytes it must move: q, k, value and dy once, p and dp once for each head. It moves q and k, value twice and dy once for each
// 32 rows of p, p once for each tile of queries, and all of that once for each CHUNKS · 32 columns.
const CHUNKS: u32 = 2u;       // 1 or 2: columns of a workgroup, in 32
const DROPOUT: bool = false;  // of the weights, after the softmax
const UNROLL: bool = false;   // loops of a constant length
struct Sizes {
  batch: u32, heads: u32, queries: u32, keys: u32, width: u32, scale: f32, causal: u32, masked: u32, mask_batch: u32, mask_head: u32, mask_query: u32,
  prefix: u32, first: u32, threshold: u32, factor: f32, // of dropout
  utterances: u32, // of a chunk
}
var<immediate> sizes: Sizes;
// include parts/attention/inputs.wgsl
// include parts/attention/gradients.wgsl
@group(0) @binding(7) var<storage, read> stats: array<f32>;        // [2 or 3, batch, heads, queries]: lse, delta
@group(0) @binding(8) var<storage, read_write> partial: array<f32>;       // [chunks, 2 frames - 1, heads, width]
@group(0) @binding(9) var<storage, read_write> position_sums: array<f32>; // [chunks, heads, 2 frames - 1]

// include parts/attention/tiles.wgsl
var<workgroup> weights: array<vec4f, 256>; // ds: [query, 8 x 4 rows of p]

const CONTENT: u32 = 0u;    // places in stage: q + u,
const POSITION: u32 = 72u;  // q + v,
const DISTANCE: u32 = 144u; // p,
const GRADIENT: u32 = 216u; // dy,
const KEY: u32 = 288u;      // k

// include parts/attention/mask_positions.wgsl

alias lse_type = vec4f;
// include parts/attention/weight.wgsl
// include parts/attention/dropout.wgsl

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let tx = local % 8u;
  let ty = local / 8u;
  let m = id.x * 32u + 4u * ty;
  let h = id.z % sizes.heads;
  let chunk = id.z / sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let column = id.y * CHUNKS * 32u + 4u * tx;
  let last = sizes.keys - 1u;
  let features = select(min(STEP, sizes.width), STEP, UNROLL);
  // This thread stages feature tx of 4 rows.
  let staged_p = min(quad(m), vec4u(2u * last)) * dim + head;
  // Queries that have a key at one of these rows.
  let start = u32(max(0, i32(last) - i32(id.x * 32u) - 31));
  let end = select(min(sizes.keys, 2u * sizes.keys - 1u - id.x * 32u), 0u, sizes.causal != 0u && id.x * 32u > last);
  var dp0 = vec4f(); var dp1 = vec4f(); var dp2 = vec4f(); var dp3 = vec4f();
  var dp4 = vec4f(); var dp5 = vec4f(); var dp6 = vec4f(); var dp7 = vec4f(); // the second chunk
  var sums = vec4f(); // over this thread's queries
  for (var b = chunk * sizes.utterances; b < min(sizes.batch, (chunk + 1u) * sizes.utterances); b++) {
    let mask_start = b * sizes.mask_batch + h * sizes.mask_head;
    let head_bits = head_bits_of(b * sizes.heads + h);
    for (var i = start; i < end; i += 32u) {
      var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
      var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
      let staged_q = (b * sizes.queries + min(quad(i + 4u * ty), vec4u(last))) * dim + head;
      let first = vec4i(quad(i + 4u * ty)) + (i32(id.x * 32u) - i32(last)); // keys
      let staged_k = (b * sizes.keys + vec4u(clamp(first, vec4i(0), vec4i(i32(last))))) * dim + head;
      let staged_k_next = (b * sizes.keys + vec4u(clamp(first + 32, vec4i(0), vec4i(i32(last))))) * dim + head;
      for (var d = 0u; d < sizes.width; d += STEP) {
        let inside = d + tx < sizes.width;
        let feature = min(d + tx, sizes.width - 1u);
        let c = head + feature;
        let x = q_at(staged_q + feature);
        stage[CONTENT + tx * 9u + ty] = select(vec4f(), x + biases[c], inside);
        stage[POSITION + tx * 9u + ty] = select(vec4f(), x + biases[dim + c], inside);
        stage[DISTANCE + tx * 9u + ty] = select(vec4f(), p_at(staged_p + feature), inside);
        stage[GRADIENT + tx * 9u + ty] = select(vec4f(), dy_at(staged_q + feature), inside);
        stage[KEY + tx * 17u + ty] = select(vec4f(), k_at(staged_k + feature), inside);
        stage[KEY + tx * 17u + ty + 8u] = select(vec4f(), k_at(staged_k_next + feature), inside);
        weights[tx * 17u + ty] = select(vec4f(), value_at(staged_k + feature), inside);
        weights[tx * 17u + ty + 8u] = select(vec4f(), value_at(staged_k_next + feature), inside);
        workgroupBarrier();
        for (var f = 0u; f < features; f++) {
          let n = f % STEP;
          let position = stage[DISTANCE + n * 9u + ty];
          let shifted = stage[POSITION + n * 9u + tx];
          let query = stage[CONTENT + n * 9u + tx];
          let near = stage[KEY + n * 17u + tx + ty];
          let far = stage[KEY + n * 17u + tx + ty + 1u];
          s0 += position.x * shifted + query * near;
          s1 += position.y * shifted + query * vec4f(near.yzw, far.x);
          s2 += position.z * shifted + query * vec4f(near.zw, far.xy);
          s3 += position.w * shifted + query * vec4f(near.w, far.xyz);
          let gradient = stage[GRADIENT + n * 9u + tx];
          let value_near = weights[n * 17u + tx + ty];
          let value_far = weights[n * 17u + tx + ty + 1u];
          t0 += gradient * value_near;
          t1 += gradient * vec4f(value_near.yzw, value_far.x);
          t2 += gradient * vec4f(value_near.zw, value_far.xy);
          t3 += gradient * vec4f(value_near.w, value_far.xyz);
        }
        workgroupBarrier();
      }
      let queries = quad(i + 4u * tx);
      let at_row = (b * sizes.heads + h) * sizes.queries + min(queries, vec4u(last));
      let lses = lse_at(at_row);
      let deltas = delta_at(at_row);
      let keys = queries + m - last;
      let ds = transpose(mat4x4f(
        weight(s0, lses, unmasked(mask_start, queries, m)) * (dropped(t0, head_bits, queries, keys) - deltas),
        weight(s1, lses, unmasked(mask_start, queries, m + 1u)) * (dropped(t1, head_bits, queries, keys + 1u) - deltas),
        weight(s2, lses, unmasked(mask_start, queries, m + 2u)) * (dropped(t2, head_bits, queries, keys + 2u) - deltas),
        weight(s3, lses, unmasked(mask_start, queries, m + 3u)) * (dropped(t3, head_bits, queries, keys + 3u) - deltas))) * sizes.scale;
      sums += ds * vec4f(1.0);
      weights[(4u * tx) * 8u + ty] = ds[0];
      weights[(4u * tx + 1u) * 8u + ty] = ds[1];
      weights[(4u * tx + 2u) * 8u + ty] = ds[2];
      weights[(4u * tx + 3u) * 8u + ty] = ds[3];
      // q + v of 32 queries: a row of CHUNKS · 8 vec4 each.
      for (var n = local; n < 32u * 8u * CHUNKS; n += 64u) {
        let row = min(i + n / (8u * CHUNKS), sizes.queries - 1u);
        let c = head + min(quad(id.y * CHUNKS * 32u + n % (8u * CHUNKS) * 4u), vec4u(sizes.width - 1u));
        stage[n] = q_at((b * sizes.queries + row) * dim + c) + v_at(c);
      }
      workgroupBarrier();
      for (var r = 0u; r < select(min(32u, end - i), 32u, UNROLL); r++) {
        let n = r % 32u;
        let a = weights[n * 8u + ty];
        let x = stage[n * 8u * CHUNKS + tx];
        dp0 += a.x * x;
        dp1 += a.y * x;
        dp2 += a.z * x;
        dp3 += a.w * x;
        if (CHUNKS > 1u) {
          let z = stage[n * 8u * CHUNKS + 8u + tx];
          dp4 += a.x * z;
          dp5 += a.y * z;
          dp6 += a.z * z;
          dp7 += a.w * z;
        }
      }
      workgroupBarrier();
    }
  }
  weights[local] = sums;
  workgroupBarrier();
  var position_sum = vec4f();
  for (var n = 0u; n < 8u; n++) {
    position_sum += weights[ty * 8u + n];
  }
  // Row by row, shifting the rows up, so that the stores are compiled once and not four times.
  let rows = 2u * sizes.keys - 1u;
  for (var row = m; row < min(m + 4u, rows); row++) {
    let at = (chunk * rows + row) * dim + head;
    store_columns(at, column, dp0);
    if (CHUNKS > 1u) {
      store_columns(at, column + 32u, dp4);
    }
    if (tx == 0u && id.y == 0u) {
      position_sums[id.z * rows + row] = position_sum.x;
    }
    position_sum = position_sum.yzwx;
    dp0 = dp1; dp1 = dp2; dp2 = dp3;
    dp4 = dp5; dp5 = dp6; dp6 = dp7;
  }
}

fn store_columns(at: u32, column: u32, x: vec4f) {
  var rest_x = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    partial[at + c] = rest_x.x;
    rest_x = rest_x.yzwx;
  }
}
