// Attention, backward to the keys and values, in the registers of one subgroup: 16 keys against all queries, 4 LANES
// queries at a time. It recomputes the weights, as subgroup_backward_query.wgsl does:
//   w_ij = exp(s_ij - lse_i),   ds_ij = w_ij · (dy_i · value_j - delta_i) / √width,   delta_i = dy_i · y_i,
//   dvalue_j = Σ_i w_ij · dy_i,   dk_j = Σ_i ds_ij · (q_i + u),   key_sums_j = Σ_i ds_ij, from which du follows.
// Layout as in subgroup_forward.wgsl, with keys as rows and queries in lanes. Positions: the product of a query with
// the positions of 16 keys has a row of p for each pair of lane and key; but from one key to the next these rows move
// by one lane, so they are loaded once, for 4 LANES + 16 neighbouring distances, and shuffled into place.
//
// Bytes it must move: q, k, value, dy, dk and dvalue once, p once for each head. It moves q and dy twice (and p once) for
// each 16 keys, k and value once for each tile of queries, and all of that once for each CHUNKS · 4 LANES columns.
enable subgroups;
alias dk_type = f32;
alias dvalue_type = f32;
const LANES: u32 = 8u;        // of a workgroup: no more than any subgroup has
const CHUNKS: u32 = 2u;       // 1 or 2: columns of dk and dvalue in a workgroup, in 4 LANES
const RELATIVE: bool = true;
const DROPOUT: bool = false;  // of the weights, after the softmax
// include parts/attention/sizes.wgsl
// include parts/attention/inputs.wgsl
// include parts/attention/gradients.wgsl
@group(0) @binding(7) var<storage, read_write> stats: array<f32>;  // [3, batch, heads, queries]: lse, delta and, if RELATIVE, key_sums, which this writes
@group(0) @binding(8) var<storage, read_write> dk: array<dk_type>;         // [batch, keys, heads, width]
@group(0) @binding(9) var<storage, read_write> dvalue: array<dvalue_type>; // [batch, keys, heads, width]

// include parts/attention/lanes.wgsl

// Four keys from j on; indices past the end are clamped.
fn rows_from(j: u32) -> vec4u {
  return min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(sizes.keys - 1u));
}

// Rows 4 n … 4 n + 3: x times the elements of a and b that belong to each row, shifted one less from row to row.
fn slid_product(x: vec4f, a: vec4f, b: vec4f, n: u32, lane: u32) -> mat4x4f {
  let shift = 16u - 1u - 4u * n;
  return mat4x4f(
    x * slide(a, b, shift, lane), x * slide(a, b, shift - 1u, lane),
    x * slide(a, b, shift - 2u, lane), x * slide(a, b, shift - 3u, lane));
}

// include parts/attention/mask_queries.wgsl

alias lse_type = vec4f;
// include parts/attention/weight.wgsl
// include parts/attention/dropout.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let j = id.x * 16u;
  let b = id.z / sizes.heads;
  let h = id.z % sizes.heads;
  let dim = sizes.heads * sizes.width;
  let head = h * sizes.width;
  let k_start = b * sizes.keys * dim + head + lane;
  let q_start = b * sizes.queries * dim + head;
  let columns = id.y * CHUNKS * 4u * LANES + 4u * lane + vec4u(0u, 1u, 2u, 3u);
  let mask_start = b * sizes.mask_batch + h * sizes.mask_head;
  let head_bits = head_bits_of(id.z);
  let lane_queries = vec4u(0u, LANES, 2u * LANES, 3u * LANES) + lane; // queries of this lane in a tile
  let tile = 4u * LANES;
  var bias = vec4f();
  var bias_next = vec4f();
  if (RELATIVE) {
    bias = u_at(head + min(columns, vec4u(sizes.width - 1u)));
    bias_next = u_at(head + min(columns + 4u * LANES, vec4u(sizes.width - 1u)));
  }
  var dk0 = mat4x4f(); var dk1 = mat4x4f(); var dk2 = mat4x4f(); var dk3 = mat4x4f();
  var dk4 = mat4x4f(); var dk5 = mat4x4f(); var dk6 = mat4x4f(); var dk7 = mat4x4f(); // the second chunk
  var dv0 = mat4x4f(); var dv1 = mat4x4f(); var dv2 = mat4x4f(); var dv3 = mat4x4f();
  var dv4 = mat4x4f(); var dv5 = mat4x4f(); var dv6 = mat4x4f(); var dv7 = mat4x4f();
  var sums0 = vec4f(); var sums1 = vec4f(); var sums2 = vec4f(); var sums3 = vec4f(); // over this lane's queries
  for (var i = select(0u, j - j % tile, sizes.causal != 0u); i < sizes.queries; i += tile) {
    var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
    var t0 = mat4x4f(); var t1 = mat4x4f(); var t2 = mat4x4f(); var t3 = mat4x4f();
    var x0 = vec4f(); var x1 = vec4f(); var x2 = vec4f(); var x3 = vec4f();
    var g0 = vec4f(); var g1 = vec4f(); var g2 = vec4f(); var g3 = vec4f();
    let queries = lane_queries + i;
    let clamped = min(queries, vec4u(sizes.queries - 1u));
    let at = q_start + clamped * dim;
    // Rows of p, in reverse, for this lane's distances to the last key, and for those 4 LANES further on.
    let distance = vec4i(lane_queries) + (i32(sizes.queries) - 16 + i32(i) - i32(j));
    let farthest = i32(2u * sizes.keys) - 2;
    let at_p = vec4u(clamp(farthest - distance, vec4i(0), vec4i(farthest))) * dim + head;
    let at_p_next = vec4u(clamp(farthest - distance - i32(tile), vec4i(0), vec4i(farthest))) * dim + head;
    for (var d = 0u; d < sizes.width; d += LANES) {
      for (var row = j; row < j + 16u; row += 4u) {
        x0 = x1; g0 = g1; x1 = x2; g1 = g2; x2 = x3; g2 = g3;
        x3 = k_at(k_start + d + rows_from(row) * dim);
        g3 = value_at(k_start + d + rows_from(row) * dim);
      }
      var u_lane = 0.0;
      var v_lane = 0.0;
      if (RELATIVE) {
        u_lane = biases[head + min(d + lane, sizes.width - 1u)];
        v_lane = biases[dim + head + min(d + lane, sizes.width - 1u)];
      }
      for (var feature = d; feature < min(d + LANES, sizes.width); feature++) {
        let query = q_at(at + feature);
        let x = query + subgroupShuffle(u_lane, feature - d);
        s0 += outer(x, subgroupShuffle(x0, feature - d));
        s1 += outer(x, subgroupShuffle(x1, feature - d));
        s2 += outer(x, subgroupShuffle(x2, feature - d));
        s3 += outer(x, subgroupShuffle(x3, feature - d));
        if (RELATIVE) {
          let y = query + subgroupShuffle(v_lane, feature - d);
          let near = p_at(at_p + feature);
          let far = p_at(at_p_next + feature);
          s0 += slid_product(y, near, far, 0u, lane);
          s1 += slid_product(y, near, far, 1u, lane);
          s2 += slid_product(y, near, far, 2u, lane);
          s3 += slid_product(y, near, far, 3u, lane);
        }
        let z = dy_at(at + feature);
        t0 += outer(z, subgroupShuffle(g0, feature - d));
        t1 += outer(z, subgroupShuffle(g1, feature - d));
        t2 += outer(z, subgroupShuffle(g2, feature - d));
        t3 += outer(z, subgroupShuffle(g3, feature - d));
      }
    }
    let lses = lse_at(id.z * sizes.queries + clamped);
    let deltas = delta_at(id.z * sizes.queries + clamped);
    // Four keys at a time, shifting the others up, so that this is compiled once and not 4 times.
    for (var row = j; row < j + 16u; row += 4u) {
      let w = mat4x4f(
        weight(s0[0], lses, unmasked(mask_start, queries, row)), weight(s0[1], lses, unmasked(mask_start, queries, row + 1u)),
        weight(s0[2], lses, unmasked(mask_start, queries, row + 2u)), weight(s0[3], lses, unmasked(mask_start, queries, row + 3u)));
      let rows = vec4u(row, row + 1u, row + 2u, row + 3u);
      let t = dropped_columns(t0, head_bits, queries, rows);
      let ds = transpose(mat4x4f(w[0] * (t[0] - deltas), w[1] * (t[1] - deltas), w[2] * (t[2] - deltas), w[3] * (t[3] - deltas))) * sizes.scale;
      let sum = sums0 + ds * vec4f(1.0);
      s0 = s1; t0 = t1; sums0 = sums1; s1 = s2; t1 = t2; sums1 = sums2; s2 = s3; t2 = t3; sums2 = sums3;
      s3 = transpose(dropped_columns(w, head_bits, queries, rows)); t3 = ds; sums3 = sum;
    }
    // Now by columns: four keys for one of this lane's queries.
    for (var first = i; first < min(sizes.queries, i + tile); first += LANES) {
      for (var n = first; n < min(first + LANES, sizes.queries); n++) {
        let a0 = subgroupShuffle(s0[0], n - first);
        let a1 = subgroupShuffle(s1[0], n - first);
        let a2 = subgroupShuffle(s2[0], n - first);
        let a3 = subgroupShuffle(s3[0], n - first);
        let c0 = subgroupShuffle(t0[0], n - first);
        let c1 = subgroupShuffle(t1[0], n - first);
        let c2 = subgroupShuffle(t2[0], n - first);
        let c3 = subgroupShuffle(t3[0], n - first);
        let at_query = q_start + n * dim + columns;
        let z = dy_at(at_query);
        dv0 += outer(z, a0);
        dv1 += outer(z, a1);
        dv2 += outer(z, a2);
        dv3 += outer(z, a3);
        let x = q_at(at_query) + bias;
        dk0 += outer(x, c0);
        dk1 += outer(x, c1);
        dk2 += outer(x, c2);
        dk3 += outer(x, c3);
        if (CHUNKS > 1u) {
          let z_next = dy_at(at_query + 4u * LANES);
          dv4 += outer(z_next, a0);
          dv5 += outer(z_next, a1);
          dv6 += outer(z_next, a2);
          dv7 += outer(z_next, a3);
          let x_next = q_at(at_query + 4u * LANES) + bias_next;
          dk4 += outer(x_next, c0);
          dk5 += outer(x_next, c1);
          dk6 += outer(x_next, c2);
          dk7 += outer(x_next, c3);
        }
      }
      s0 = next_column(s0, s0[0]); s1 = next_column(s1, s1[0]); s2 = next_column(s2, s2[0]); s3 = next_column(s3, s3[0]);
      t0 = next_column(t0, t0[0]); t1 = next_column(t1, t1[0]); t2 = next_column(t2, t2[0]); t3 = next_column(t3, t3[0]);
    }
  }
  sums0 = subgroupAdd(sums0); sums1 = subgroupAdd(sums1); sums2 = subgroupAdd(sums2); sums3 = subgroupAdd(sums3);
  for (var row = j; row < min(j + 16u, sizes.keys); row++) {
    let at = (b * sizes.keys + row) * dim + head;
    store_columns(at, columns.x, dk0[0], dv0[0]);
    if (CHUNKS > 1u) {
      store_columns(at, columns.x + 4u * LANES, dk4[0], dv4[0]);
    }
    if (RELATIVE && lane == 0u && id.y == 0u) {
      stats[(2u * sizes.batch * sizes.heads + id.z) * sizes.keys + row] = sums0.x;
    }
    sums0 = sums0.yzwx;
    if (row % 4u == 3u) {
      sums0 = sums1; sums1 = sums2; sums2 = sums3;
    }
    dk0 = next_column(dk0, dk1[0]); dk1 = next_column(dk1, dk2[0]); dk2 = next_column(dk2, dk3[0]); dk3 = next_column(dk3, dk3[0]);
    dk4 = next_column(dk4, dk5[0]); dk5 = next_column(dk5, dk6[0]); dk6 = next_column(dk6, dk7[0]); dk7 = next_column(dk7, dk7[0]);
    dv0 = next_column(dv0, dv1[0]); dv1 = next_column(dv1, dv2[0]); dv2 = next_column(dv2, dv3[0]); dv3 = next_column(dv3, dv3[0]);
    dv4 = next_column(dv4, dv5[0]); dv5 = next_column(dv5, dv6[0]); dv6 = next_column(dv6, dv7[0]); dv7 = next_column(dv7, dv7[0]);
  }
}

fn store_columns(at: u32, column: u32, key: vec4f, x: vec4f) {
  var key_rest = key;
  var rest = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    dk[at + c] = dk_type(key_rest.x);
    dvalue[at + c] = dvalue_type(rest.x);
    key_rest = key_rest.yzwx;
    rest = rest.yzwx;
  }
}
