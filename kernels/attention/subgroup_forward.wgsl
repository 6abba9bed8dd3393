// Attention, forward, in the registers of one subgroup (a SIMD vector of a software driver): 16 queries against all keys,
// a tile of 4 LANES keys at a time, with an online softmax (Milakov, Gimelshein, "Online normalizer calculation for
// softmax", 2018; Dao, "FlashAttention-2", 2023):
//   s_ij = (q_i + u) · k_j + (q_i + v) · p_{i-j},  times 1/√width      (without u, v and p if not RELATIVE)
//   m_i' = max(m_i, max_j s_ij),  w_ij = exp(s_ij - m_i'),
//   y_i' = y_i · exp(m_i - m_i') + Σ_j w_ij · value_j,  l_i' = l_i · exp(m_i - m_i') + Σ_j w_ij;  at the end y_i / l_i.
// No barriers, no workgroup memory, and no score is ever stored.
//
// Layout. Matrices s0 … s3 hold 16 rows (queries); element k of a row in lane l belongs to key LANES k + l. A product
// reads one operand by rows, a different feature in each lane, which shuffles pass around; and the other by keys, a
// different key in each lane. So every load brings LANES different numbers, which matters here: on lavapipe a load costs
// 5 ns whatever its addresses, a shuffle 0.8, a multiply-add 0.4.
//
// Positions. The row i - j of the table slides with the query, so a plain product of 16 queries and a tile of positions
// is not a tile of scores. It is computed all the same, for (q_i + v) and 4 LANES neighbouring positions, and then
// shuffles slide its rows against each other: each row needs this tile's product and the previous one's.
//
// Bytes it must move: q, value, k and y once, p once for each head. It moves q once for each tile of keys, k and value
// (and p) once for each 16 queries, and all of that once for each CHUNKS · 4 LANES columns of y: from the CPU's caches.
// CPU milliseconds, lavapipe, [8, 100, 4 heads x 64]: forward, forward and backward; the same with relative positions:
//   scores, softmax and weighted sum as kernels, scores stored    20   61    31   97
//   the workgroup design, which is for GPUs                       42  177    66  374
//   this                                                           8   42    14   91
// Rows: about 15, 12 and 8 ms forward with 8, 12 and 16 rows. Loop bounds are hidden from the driver, which would otherwise
// unroll what it can and take several times as long to compile. Where a subgroup has four lanes (SwiftShader), forward takes up
// to 1.5 times as long as with stored scores, and backward 2 to 3 times.
enable subgroups;
alias y_type = f32;
const LANES: u32 = 8u;        // of a workgroup: no more than any subgroup has
const CHUNKS: u32 = 2u;       // 1 or 2: columns of y in a workgroup, in 4 LANES
const RELATIVE: bool = true;
const DROPOUT: bool = false;  // of the weights, after the softmax
// include parts/attention/sizes.wgsl
// include parts/attention/inputs.wgsl
@group(0) @binding(6) var<storage, read_write> y: array<y_type>;   // [batch, queries, heads, width]
@group(0) @binding(7) var<storage, read_write> lse: array<f32>;    // [batch, heads, queries]: log Σ_j exp s_ij

// include parts/attention/lanes.wgsl

// One feature of four queries from i on; indices past the end are clamped.
fn q_rows(start: u32, i: u32) -> vec4f {
  let at = start + min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(sizes.queries - 1u)) * sizes.heads * sizes.width;
  return vec4f(f32(q[at.x]), f32(q[at.y]), f32(q[at.z]), f32(q[at.w]));
}

fn value_columns(at: u32) -> vec4f {
  return vec4f(f32(value[at]), f32(value[at + 1u]), f32(value[at + 2u]), f32(value[at + 3u]));
}

// include parts/attention/mask_keys.wgsl

// Scores of four queries from i on, scaled, NEG_INF where masked.
fn scale_and_mask(s: mat4x4f, mask_start: u32, i: u32, j: vec4u) -> mat4x4f {
  let x = s * sizes.scale;
  return mat4x4f(
    select(vec4f(NEG_INF), x[0], unmasked(mask_start, i, j)), select(vec4f(NEG_INF), x[1], unmasked(mask_start, i + 1u, j)),
    select(vec4f(NEG_INF), x[2], unmasked(mask_start, i + 2u, j)), select(vec4f(NEG_INF), x[3], unmasked(mask_start, i + 3u, j)));
}

// include parts/attention/softmax.wgsl
// include parts/attention/dropout.wgsl

fn row_maxima(s: mat4x4f) -> vec4f {
  return subgroupMax(vec4f(max_of(s[0]), max_of(s[1]), max_of(s[2]), max_of(s[3])));
}

fn weights(s: mat4x4f, running_max: vec4f) -> mat4x4f {
  return mat4x4f(weight(s[0], running_max.x), weight(s[1], running_max.y), weight(s[2], running_max.z), weight(s[3], running_max.w));
}

fn scale_rows(x: mat4x4f, factor: vec4f) -> mat4x4f {
  return mat4x4f(x[0] * factor.x, x[1] * factor.y, x[2] * factor.z, x[3] * factor.w);
}

fn rescale_factor(old_max: vec4f, new_max: vec4f) -> vec4f {
  return exp(max(old_max - new_max, vec4f(-80.0)));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = id.x * 16u;
  let b = id.z / sizes.heads;
  let h = id.z % sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let q_start = b * sizes.queries * dim + head + lane;
  let k_start = b * sizes.keys * dim + head;
  let column = id.y * CHUNKS * 4u * LANES + 4u * lane;
  let mask_start = b * sizes.mask_batch + h * sizes.mask_head;
  let head_bits = head_bits_of(id.z);
  let lane_keys = vec4u(0u, LANES, 2u * LANES, 3u * LANES) + lane; // keys of this lane in a tile
  let tile = i32(4u * LANES);
  var end = sizes.keys;
  if (sizes.causal != 0u) {
    end = min(end, i + 16u);
  }
  var previous0 = mat4x4f(); var previous1 = mat4x4f(); var previous2 = mat4x4f(); var previous3 = mat4x4f();
  var y0 = mat4x4f(); var y1 = mat4x4f(); var y2 = mat4x4f(); var y3 = mat4x4f();
  var y4 = mat4x4f(); var y5 = mat4x4f(); var y6 = mat4x4f(); var y7 = mat4x4f(); // the second chunk
  // Of four queries each:
  var running_max0 = vec4f(-1e30); var running_max1 = vec4f(-1e30); var running_max2 = vec4f(-1e30); var running_max3 = vec4f(-1e30);
  var running_sum0 = vec4f(); var running_sum1 = vec4f(); var running_sum2 = vec4f(); var running_sum3 = vec4f(); // over this lane's keys
  var rescale0 = vec4f(); var rescale1 = vec4f(); var rescale2 = vec4f(); var rescale3 = vec4f();
  for (var j = select(0, -tile, RELATIVE); j < i32(end); j += tile) {
    var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
    if (RELATIVE) {
      var current0 = mat4x4f(); var current1 = mat4x4f(); var current2 = mat4x4f(); var current3 = mat4x4f();
      let first = i32(sizes.queries) - i32(i) + j;
      let at = vec4u(clamp(vec4i(lane_keys) + first, vec4i(0), vec4i(i32(2u * sizes.keys) - 2))) * dim + head;
      var x0 = vec4f(); var x1 = vec4f(); var x2 = vec4f(); var x3 = vec4f();
      for (var d = 0u; d < sizes.width; d += LANES) {
        let bias = biases[dim + min(d + lane, sizes.width - 1u) + head];
        for (var row = i; row < i + 16u; row += 4u) {
          x0 = x1; x1 = x2; x2 = x3;
          x3 = q_rows(q_start + d, row) + bias;
        }
        for (var feature = d; feature < min(d + LANES, sizes.width); feature++) {
          let x = p_at(at + feature);
          current0 += outer(x, subgroupShuffle(x0, feature - d));
          current1 += outer(x, subgroupShuffle(x1, feature - d));
          current2 += outer(x, subgroupShuffle(x2, feature - d));
          current3 += outer(x, subgroupShuffle(x3, feature - d));
        }
      }
      s0 = slide_rows(previous0, current0, 0u, lane);
      s1 = slide_rows(previous1, current1, 1u, lane);
      s2 = slide_rows(previous2, current2, 2u, lane);
      s3 = slide_rows(previous3, current3, 3u, lane);
      previous0 = current0; previous1 = current1; previous2 = current2; previous3 = current3;
    }
    if (j >= 0) {
      let keys = lane_keys + u32(j);
      let at = k_start + min(keys, vec4u(sizes.keys - 1u)) * dim;
      var x0 = vec4f(); var x1 = vec4f(); var x2 = vec4f(); var x3 = vec4f();
      for (var d = 0u; d < sizes.width; d += LANES) {
        var bias = 0.0;
        if (RELATIVE) {
          bias = biases[min(d + lane, sizes.width - 1u) + head];
        }
        for (var row = i; row < i + 16u; row += 4u) {
          x0 = x1; x1 = x2; x2 = x3;
          x3 = q_rows(q_start + d, row) + bias;
        }
        for (var feature = d; feature < min(d + LANES, sizes.width); feature++) {
          let x = k_at(at + feature);
          s0 += outer(x, subgroupShuffle(x0, feature - d));
          s1 += outer(x, subgroupShuffle(x1, feature - d));
          s2 += outer(x, subgroupShuffle(x2, feature - d));
          s3 += outer(x, subgroupShuffle(x3, feature - d));
        }
      }
      // Four queries at a time, shifting the others up, so that this is compiled once and not 4 times.
      for (var row = i; row < i + 16u; row += 4u) {
        let scores = scale_and_mask(s0, mask_start, row, keys);
        let new_max = max(running_max0, row_maxima(scores));
        let rescale = rescale_factor(running_max0, new_max);
        let w = transpose(weights(scores, new_max)); // by columns: four queries for one of this lane's keys
        let sum = running_sum0 * rescale + w * vec4f(1.0);
        s0 = s1; running_max0 = running_max1; running_sum0 = running_sum1; rescale0 = rescale1; s1 = s2; running_max1 = running_max2; running_sum1 = running_sum2; rescale1 = rescale2; s2 = s3; running_max2 = running_max3; running_sum2 = running_sum3; rescale2 = rescale3;
        s3 = dropped_columns(w, head_bits, vec4u(row, row + 1u, row + 2u, row + 3u), keys); running_max3 = new_max; running_sum3 = sum; rescale3 = rescale;
      }
      y0 = scale_rows(y0, rescale0); y1 = scale_rows(y1, rescale1); y2 = scale_rows(y2, rescale2); y3 = scale_rows(y3, rescale3);
      if (CHUNKS > 1u) {
        y4 = scale_rows(y4, rescale0); y5 = scale_rows(y5, rescale1); y6 = scale_rows(y6, rescale2); y7 = scale_rows(y7, rescale3);
      }
      for (var first = u32(j); first < min(end, u32(j + tile)); first += LANES) {
        for (var n = first; n < min(first + LANES, end); n++) {
          let value_at = k_start + n * dim + column;
          let a0 = subgroupShuffle(s0[0], n - first);
          let a1 = subgroupShuffle(s1[0], n - first);
          let a2 = subgroupShuffle(s2[0], n - first);
          let a3 = subgroupShuffle(s3[0], n - first);
          let x = value_columns(value_at);
          y0 += outer(x, a0);
          y1 += outer(x, a1);
          y2 += outer(x, a2);
          y3 += outer(x, a3);
          if (CHUNKS > 1u) {
            let z = value_columns(value_at + 4u * LANES);
            y4 += outer(z, a0);
            y5 += outer(z, a1);
            y6 += outer(z, a2);
            y7 += outer(z, a3);
          }
        }
        s0 = next_column(s0, s0[0]); s1 = next_column(s1, s1[0]); s2 = next_column(s2, s2[0]); s3 = next_column(s3, s3[0]);
      }
    }
  }
  // Row by row, shifting the rows up, so that the stores are compiled once and not 16 times.
  running_sum0 = subgroupAdd(running_sum0); running_sum1 = subgroupAdd(running_sum1); running_sum2 = subgroupAdd(running_sum2); running_sum3 = subgroupAdd(running_sum3);
  for (var row = i; row < min(i + 16u, sizes.queries); row++) {
    let sum = running_sum0.x;
    let factor = select(0.0, 1.0 / max(sum, 1e-30), sum > 0.0);
    let at = (b * sizes.queries + row) * dim + head;
    store_columns(at, column, y0[0] * factor);
    if (CHUNKS > 1u) {
      store_columns(at, column + 4u * LANES, y4[0] * factor);
    }
    if (lane == 0u && id.y == 0u) {
      lse[id.z * sizes.queries + row] = running_max0.x + log(max(sum, 1e-30));
    }
    running_sum0 = running_sum0.yzwx;
    running_max0 = running_max0.yzwx;
    if (row % 4u == 3u) {
      running_sum0 = running_sum1; running_max0 = running_max1; running_sum1 = running_sum2; running_max1 = running_max2; running_sum2 = running_sum3; running_max2 = running_max3;
    }
    y0 = next_column(y0, y1[0]); y1 = next_column(y1, y2[0]); y2 = next_column(y2, y3[0]); y3 = next_column(y3, y3[0]);
    y4 = next_column(y4, y5[0]); y5 = next_column(y5, y6[0]); y6 = next_column(y6, y7[0]); y7 = next_column(y7, y7[0]);
  }
}

fn store_columns(at: u32, column: u32, x: vec4f) {
  var rest = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    y[at + c] = y_type(rest.x);
    rest = rest.yzwx;
  }
}
