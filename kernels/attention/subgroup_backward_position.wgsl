// Attention, backward to the positions, in the registers of one subgroup: 16 rows of p against all queries of a chunk of
// utterances, 4 LANES queries at a time. It recomputes the weights, as subgroup_backward_query.wgsl does. With
// j = i + m - (frames - 1), the key for which query i reads row m of p,
//   dp_m = Σ_{b, i} ds_ij · (q_i + v),   position_sums_m = Σ_{b, i} ds_ij, from which dv follows.
// Layout as in subgroup_forward.wgsl, with positions as rows and queries in lanes. Here the rows of keys and values move
// by one lane from one row of p to the next, and are shuffled as the positions are in subgroup_backward_key_value.wgsl.
// All utterances share p. Each chunk of them writes its own sums, and a second stage adds these: no atomics, a fixed order.
//
// Bytes it must move: q, k, value and dy once, p and dp once for each head. It moves q and dy once (q twice), k and value
// one and a half times for each 16 rows of p, and all of that once for each CHUNKS · 4 LANES columns.
enable subgroups;
const LANES: u32 = 8u;        // of a workgroup: no more than any subgroup has
const CHUNKS: u32 = 2u;       // 1 or 2: columns of dp in a workgroup, in 4 LANES
const DROPOUT: bool = false;  // of the weights, after the softmax
struct Sizes {
  batch: u32, heads: u32, queries: u32, keys: u32, width: u32, scale: f32, causal: u32, masked: u32, mask_batch: u32, mask_head: u32, mask_query: u32,
  prefix: u32, first: u32, threshold: u32, factor: f32, // of dropout
  utterances: u32, // of a chunk
}
var<immediate> sizes: Sizes;
// include parts/attention/inputs.wgsl
// include parts/attention/gradients.wgsl
@group(0) @binding(7) var<storage, read> stats: array<f32>;        // [2 or 3, batch, heads, frames]: lse, delta
@group(0) @binding(8) var<storage, read_write> partial: array<f32>;       // [chunks, 2 frames - 1, heads, width]
@group(0) @binding(9) var<storage, read_write> position_sums: array<f32>; // [chunks, heads, 2 frames - 1]

// include parts/attention/lanes.wgsl

// Four rows of p from m on; indices past the end are clamped.
fn rows_from(m: u32) -> vec4u {
  return min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(2u * sizes.keys - 2u));
}

// Rows 4 n … 4 n + 3: x times the elements of a and b that belong to each row, shifted one more from row to row.
fn slid_product(x: vec4f, a: vec4f, b: vec4f, n: u32, lane: u32) -> mat4x4f {
  let shift = 4u * n;
  return mat4x4f(
    x * slide(a, b, shift, lane), x * slide(a, b, shift + 1u, lane),
    x * slide(a, b, shift + 2u, lane), x * slide(a, b, shift + 3u, lane));
}

// include parts/attention/mask_positions.wgsl

alias lse_type = vec4f;
// include parts/attention/weight.wgsl
// include parts/attention/dropout.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let m = id.x * 16u;
  let h = id.z % sizes.heads;
  let chunk = id.z / sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let columns = id.y * CHUNKS * 4u * LANES + 4u * lane + vec4u(0u, 1u, 2u, 3u);
  let lane_queries = vec4u(0u, LANES, 2u * LANES, 3u * LANES) + lane; // queries of this lane in a tile
  let tile = 4u * LANES;
  let last = sizes.keys - 1u;
  // Queries that have a key at one of these rows.
  let start = u32(max(0, i32(last) - i32(m) - 16 + 1));
  let end = select(min(sizes.keys, 2u * sizes.keys - 1u - m), 0u, sizes.causal != 0u && m > last);
  let bias = v_at(head + min(columns, vec4u(sizes.width - 1u)));
  let bias_next = v_at(head + min(columns + 4u * LANES, vec4u(sizes.width - 1u)));
  var dp0 = mat4x4f(); var dp1 = mat4x4f(); var dp2 = mat4x4f(); var dp3 = mat4x4f();
  var dp4 = mat4x4f(); var dp5 = mat4x4f(); var dp6 = mat4x4f(); var dp7 = mat4x4f(); // the second chunk
  var sums0 = vec4f(); var sums1 = vec4f(); var sums2 = vec4f(); var sums3 = vec4f(); // over this lane's queries
  for (var b = chunk * sizes.utterances; b < min(sizes.batch, (chunk + 1u) * sizes.utterances); b++) {
    let b_start = b * sizes.keys * dim + head;
    let mask_start = b * sizes.mask_batch + h * sizes.mask_head;
    let head_bits = head_bits_of(b * sizes.heads + h);
    for (var i = start; i < end; i += tile) {
      var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
      var t0 = mat4x4f(); var t1 = mat4x4f(); var t2 = mat4x4f(); var t3 = mat4x4f();
      var x0 = vec4f(); var x1 = vec4f(); var x2 = vec4f(); var x3 = vec4f();
      let queries = lane_queries + i;
      let clamped = min(queries, vec4u(last));
      let at = b_start + clamped * dim;
      // Keys of this lane's queries at row m, and those 4 LANES further on.
      let key = vec4i(queries + m) - i32(last);
      let at_key = b_start + vec4u(clamp(key, vec4i(0), vec4i(i32(last)))) * dim;
      let at_key_next = b_start + vec4u(clamp(key + i32(tile), vec4i(0), vec4i(i32(last)))) * dim;
      for (var d = 0u; d < sizes.width; d += LANES) {
        for (var row = m; row < m + 16u; row += 4u) {
          x0 = x1; x1 = x2; x2 = x3;
          x3 = p_at(lane + head + d + rows_from(row) * dim);
        }
        let u_lane = biases[head + min(d + lane, sizes.width - 1u)];
        let v_lane = biases[dim + head + min(d + lane, sizes.width - 1u)];
        for (var feature = d; feature < min(d + LANES, sizes.width); feature++) {
          let query = q_at(at + feature);
          let x = query + subgroupShuffle(v_lane, feature - d);
          s0 += outer(x, subgroupShuffle(x0, feature - d));
          s1 += outer(x, subgroupShuffle(x1, feature - d));
          s2 += outer(x, subgroupShuffle(x2, feature - d));
          s3 += outer(x, subgroupShuffle(x3, feature - d));
          let y = query + subgroupShuffle(u_lane, feature - d);
          let key_near = k_at(at_key + feature);
          let key_far = k_at(at_key_next + feature);
          s0 += slid_product(y, key_near, key_far, 0u, lane);
          s1 += slid_product(y, key_near, key_far, 1u, lane);
          s2 += slid_product(y, key_near, key_far, 2u, lane);
          s3 += slid_product(y, key_near, key_far, 3u, lane);
          let z = dy_at(at + feature);
          let value_near = value_at(at_key + feature);
          let value_far = value_at(at_key_next + feature);
          t0 += slid_product(z, value_near, value_far, 0u, lane);
          t1 += slid_product(z, value_near, value_far, 1u, lane);
          t2 += slid_product(z, value_near, value_far, 2u, lane);
          t3 += slid_product(z, value_near, value_far, 3u, lane);
        }
      }
      let lses = lse_at((b * sizes.heads + h) * sizes.keys + clamped);
      let deltas = delta_at((b * sizes.heads + h) * sizes.keys + clamped);
      // Four rows at a time, shifting the others up, so that this is compiled once and not 4 times.
      for (var row = m; row < m + 16u; row += 4u) {
        let keys = queries + row - last;
        let ds = transpose(mat4x4f(
          weight(s0[0], lses, unmasked(mask_start, queries, row)) * (dropped(t0[0], head_bits, queries, keys) - deltas),
          weight(s0[1], lses, unmasked(mask_start, queries, row + 1u)) * (dropped(t0[1], head_bits, queries, keys + 1u) - deltas),
          weight(s0[2], lses, unmasked(mask_start, queries, row + 2u)) * (dropped(t0[2], head_bits, queries, keys + 2u) - deltas),
          weight(s0[3], lses, unmasked(mask_start, queries, row + 3u)) * (dropped(t0[3], head_bits, queries, keys + 3u) - deltas))) * sizes.scale;
        let sum = sums0 + ds * vec4f(1.0);
        s0 = s1; t0 = t1; sums0 = sums1; s1 = s2; t1 = t2; sums1 = sums2; s2 = s3; t2 = t3; sums2 = sums3;
        s3 = ds; sums3 = sum;
      }
      // Now by columns: four rows of p for one of this lane's queries.
      for (var first = i; first < min(end, i + tile); first += LANES) {
        for (var n = first; n < min(first + LANES, end); n++) {
          let a0 = subgroupShuffle(s0[0], n - first);
          let a1 = subgroupShuffle(s1[0], n - first);
          let a2 = subgroupShuffle(s2[0], n - first);
          let a3 = subgroupShuffle(s3[0], n - first);
          let at_query = b_start + n * dim + columns;
          let x = q_at(at_query) + bias;
          dp0 += outer(x, a0);
          dp1 += outer(x, a1);
          dp2 += outer(x, a2);
          dp3 += outer(x, a3);
          if (CHUNKS > 1u) {
            let z = q_at(at_query + 4u * LANES) + bias_next;
            dp4 += outer(z, a0);
            dp5 += outer(z, a1);
            dp6 += outer(z, a2);
            dp7 += outer(z, a3);
          }
        }
        s0 = next_column(s0, s0[0]); s1 = next_column(s1, s1[0]); s2 = next_column(s2, s2[0]); s3 = next_column(s3, s3[0]);
      }
    }
  }
  sums0 = subgroupAdd(sums0); sums1 = subgroupAdd(sums1); sums2 = subgroupAdd(sums2); sums3 = subgroupAdd(sums3);
  let rows = 2u * sizes.keys - 1u;
  for (var row = m; row < min(m + 16u, rows); row++) {
    let at = (chunk * rows + row) * dim + head;
    store_columns(at, columns.x, dp0[0]);
    if (CHUNKS > 1u) {
      store_columns(at, columns.x + 4u * LANES, dp4[0]);
    }
    if (lane == 0u && id.y == 0u) {
      position_sums[id.z * rows + row] = sums0.x;
    }
    sums0 = sums0.yzwx;
    if (row % 4u == 3u) {
      sums0 = sums1; sums1 = sums2; sums2 = sums3;
    }
    dp0 = next_column(dp0, dp1[0]); dp1 = next_column(dp1, dp2[0]); dp2 = next_column(dp2, dp3[0]); dp3 = next_column(dp3, dp3[0]);
    dp4 = next_column(dp4, dp5[0]); dp5 = next_column(dp5, dp6[0]); dp6 = next_column(dp6, dp7[0]); dp7 = next_column(dp7, dp7[0]);
  }
}

fn store_columns(at: u32, column: u32, x: vec4f) {
  var rest = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    partial[at + c] = rest.x;
    rest = rest.yzwx;
  }
}
