// Attention, backward to the queries, in the registers of one subgroup: 16 queries against all keys, 4 LANES keys at a
// time. It recomputes the weights from the scores and forward's log-sum-exp:
//   w_ij = exp(s_ij - lse_i),   ds_ij = w_ij · (dy_i · value_j - delta_i) / √width,   delta_i = dy_i · y_i,
//   dq_i = Σ_j ds_ij · k_j + Σ_j ds_ij · p_{i-j}.
// Layout and positions as in subgroup_forward.wgsl. The gradients of the scores slide too, in the other direction: of the
// rows of p that a tile touches, half are complete after it, and the other half after the next tile.
//
// Bytes it must move: q, k, value, dy and dq once, p once for each head. It moves k twice and value once (and p twice) for
// each 16 queries, q and dy once for each tile of keys, and all of that once for each CHUNKS · 4 LANES columns of dq.
enable subgroups;
alias dq_type = f32;
const LANES: u32 = 8u;        // of a workgroup: no more than any subgroup has
const CHUNKS: u32 = 2u;       // 1 or 2: columns of dq in a workgroup, in 4 LANES
const RELATIVE: bool = true;
const DROPOUT: bool = false;  // of the weights, after the softmax
// include parts/attention/sizes.wgsl
// include parts/attention/inputs.wgsl
// include parts/attention/gradients.wgsl
@group(0) @binding(7) var<storage, read> stats: array<f32>;        // [2 or 3, batch, heads, queries]: lse, delta
@group(0) @binding(8) var<storage, read_write> dq: array<dq_type>; // [batch, queries, heads, width]

// include parts/attention/lanes.wgsl

// Four queries from i on; indices past the end are clamped.
fn rows_from(i: u32) -> vec4u {
  return min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(sizes.queries - 1u));
}

// The inverse of slide: 8 LANES numbers with x at `shift` and zeros elsewhere. The first 4 LANES of them,
fn spread_low(x: vec4f, shift: u32, lane: u32) -> vec4f {
  let first = shift / LANES;
  let step = shift % LANES;
  let rotated = subgroupShuffle(x, (lane + LANES - step) % LANES);
  return select(window(vec4f(), rotated, 4u - first), window(vec4f(), rotated, 3u - first), lane < step);
}

// and the last 4 LANES.
fn spread_high(x: vec4f, shift: u32, lane: u32) -> vec4f {
  let first = shift / LANES;
  let step = shift % LANES;
  let rotated = subgroupShuffle(x, (lane + LANES - step) % LANES);
  return select(window(rotated, vec4f(), 4u - first), window(rotated, vec4f(), 3u - first), lane < step);
}

fn spread_rows_low(x: mat4x4f, n: u32, lane: u32) -> mat4x4f {
  let shift = 4u * LANES - 1u - 4u * n;
  return mat4x4f(
    spread_low(x[0], shift, lane), spread_low(x[1], shift - 1u, lane),
    spread_low(x[2], shift - 2u, lane), spread_low(x[3], shift - 3u, lane));
}

fn spread_rows_high(x: mat4x4f, n: u32, lane: u32) -> mat4x4f {
  let shift = 4u * LANES - 1u - 4u * n;
  return mat4x4f(
    spread_high(x[0], shift, lane), spread_high(x[1], shift - 1u, lane),
    spread_high(x[2], shift - 2u, lane), spread_high(x[3], shift - 3u, lane));
}

// include parts/attention/mask_keys.wgsl

alias lse_type = f32;
// include parts/attention/weight.wgsl
// include parts/attention/dropout.wgsl

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
  var pending0 = mat4x4f(); var pending1 = mat4x4f(); var pending2 = mat4x4f(); var pending3 = mat4x4f(); // gradients of position scores
  var dq0 = mat4x4f(); var dq1 = mat4x4f(); var dq2 = mat4x4f(); var dq3 = mat4x4f();
  var dq4 = mat4x4f(); var dq5 = mat4x4f(); var dq6 = mat4x4f(); var dq7 = mat4x4f(); // the second chunk
  for (var j = select(0, -tile, RELATIVE); j < i32(end) + select(0, tile, RELATIVE); j += tile) {
    var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
    if (RELATIVE && j < i32(end)) {
      var current0 = mat4x4f(); var current1 = mat4x4f(); var current2 = mat4x4f(); var current3 = mat4x4f();
      let first = i32(sizes.queries) - i32(i) + j;
      let at = vec4u(clamp(vec4i(lane_keys) + first, vec4i(0), vec4i(i32(2u * sizes.keys) - 2))) * dim + head;
      var x0 = vec4f(); var x1 = vec4f(); var x2 = vec4f(); var x3 = vec4f();
      for (var d = 0u; d < sizes.width; d += LANES) {
        let bias = biases[dim + min(d + lane, sizes.width - 1u) + head];
        for (var row = i; row < i + 16u; row += 4u) {
          x0 = x1; x1 = x2; x2 = x3;
          x3 = q_at(q_start + d + rows_from(row) * dim) + bias;
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
    var placed0 = pending0; var placed1 = pending1; var placed2 = pending2; var placed3 = pending3;
    if (j >= 0 && j < i32(end)) {
      let keys = lane_keys + u32(j);
      let at = k_start + min(keys, vec4u(sizes.keys - 1u)) * dim;
      var t0 = mat4x4f(); var t1 = mat4x4f(); var t2 = mat4x4f(); var t3 = mat4x4f();
      var x0 = vec4f(); var x1 = vec4f(); var x2 = vec4f(); var x3 = vec4f();
      var g0 = vec4f(); var g1 = vec4f(); var g2 = vec4f(); var g3 = vec4f();
      for (var d = 0u; d < sizes.width; d += LANES) {
        var bias = 0.0;
        if (RELATIVE) {
          bias = biases[min(d + lane, sizes.width - 1u) + head];
        }
        for (var row = i; row < i + 16u; row += 4u) {
          x0 = x1; g0 = g1; x1 = x2; g1 = g2; x2 = x3; g2 = g3;
          x3 = q_at(q_start + d + rows_from(row) * dim) + bias;
          g3 = dy_at(q_start + d + rows_from(row) * dim);
        }
        for (var feature = d; feature < min(d + LANES, sizes.width); feature++) {
          let x = k_at(at + feature);
          s0 += outer(x, subgroupShuffle(x0, feature - d));
          s1 += outer(x, subgroupShuffle(x1, feature - d));
          s2 += outer(x, subgroupShuffle(x2, feature - d));
          s3 += outer(x, subgroupShuffle(x3, feature - d));
          let z = value_at(at + feature);
          t0 += outer(z, subgroupShuffle(g0, feature - d));
          t1 += outer(z, subgroupShuffle(g1, feature - d));
          t2 += outer(z, subgroupShuffle(g2, feature - d));
          t3 += outer(z, subgroupShuffle(g3, feature - d));
        }
      }
      // Four queries at a time, shifting the others up, so that this is compiled once and not 4 times.
      for (var row = i; row < i + 16u; row += 4u) {
        let at_row = id.z * sizes.queries + rows_from(row);
        let lses = lse_at(at_row);
        let deltas = delta_at(at_row);
        let ds = mat4x4f(
          weight(s0[0], lses.x, unmasked(mask_start, row, keys)) * (dropped(t0[0], head_bits, vec4u(row), keys) - deltas.x),
          weight(s0[1], lses.y, unmasked(mask_start, row + 1u, keys)) * (dropped(t0[1], head_bits, vec4u(row + 1u), keys) - deltas.y),
          weight(s0[2], lses.z, unmasked(mask_start, row + 2u, keys)) * (dropped(t0[2], head_bits, vec4u(row + 2u), keys) - deltas.z),
          weight(s0[3], lses.w, unmasked(mask_start, row + 3u, keys)) * (dropped(t0[3], head_bits, vec4u(row + 3u), keys) - deltas.w)) * sizes.scale;
        s0 = s1; t0 = t1; s1 = s2; t1 = t2; s2 = s3; t2 = t3;
        s3 = ds;
      }
      if (RELATIVE) {
        placed0 += spread_rows_low(s0, 0u, lane);
        placed1 += spread_rows_low(s1, 1u, lane);
        placed2 += spread_rows_low(s2, 2u, lane);
        placed3 += spread_rows_low(s3, 3u, lane);
        pending0 = spread_rows_high(s0, 0u, lane);
        pending1 = spread_rows_high(s1, 1u, lane);
        pending2 = spread_rows_high(s2, 2u, lane);
        pending3 = spread_rows_high(s3, 3u, lane);
      }
      s0 = transpose(s0); s1 = transpose(s1); s2 = transpose(s2); s3 = transpose(s3);
      for (var first = u32(j); first < min(end, u32(j + tile)); first += LANES) {
        for (var n = first; n < min(first + LANES, end); n++) {
          let a0 = subgroupShuffle(s0[0], n - first);
          let a1 = subgroupShuffle(s1[0], n - first);
          let a2 = subgroupShuffle(s2[0], n - first);
          let a3 = subgroupShuffle(s3[0], n - first);
          let at_key = k_start + n * dim + column;
          let x = k_at(at_key + vec4u(0u, 1u, 2u, 3u));
          dq0 += outer(x, a0);
          dq1 += outer(x, a1);
          dq2 += outer(x, a2);
          dq3 += outer(x, a3);
          if (CHUNKS > 1u) {
            let z = k_at(at_key + 4u * LANES + vec4u(0u, 1u, 2u, 3u));
            dq4 += outer(z, a0);
            dq5 += outer(z, a1);
            dq6 += outer(z, a2);
            dq7 += outer(z, a3);
          }
        }
        s0 = next_column(s0, s0[0]); s1 = next_column(s1, s1[0]); s2 = next_column(s2, s2[0]); s3 = next_column(s3, s3[0]);
      }
    }
    if (RELATIVE && j >= 0) {
      placed0 = transpose(placed0); placed1 = transpose(placed1); placed2 = transpose(placed2); placed3 = transpose(placed3);
      for (var first = i32(sizes.queries) - i32(i) + j - tile; first < i32(sizes.queries) - i32(i) + j; first += i32(LANES)) {
        let last = min(i32(LANES), i32(2u * sizes.keys) - 1 - first);
        for (var owner = max(0, -first); owner < last; owner++) {
          let a0 = subgroupShuffle(placed0[0], u32(owner));
          let a1 = subgroupShuffle(placed1[0], u32(owner));
          let a2 = subgroupShuffle(placed2[0], u32(owner));
          let a3 = subgroupShuffle(placed3[0], u32(owner));
          let at_position = u32(first + owner) * dim + head + column;
          let x = p_at(at_position + vec4u(0u, 1u, 2u, 3u));
          dq0 += outer(x, a0);
          dq1 += outer(x, a1);
          dq2 += outer(x, a2);
          dq3 += outer(x, a3);
          if (CHUNKS > 1u) {
            let z = p_at(at_position + 4u * LANES + vec4u(0u, 1u, 2u, 3u));
            dq4 += outer(z, a0);
            dq5 += outer(z, a1);
            dq6 += outer(z, a2);
            dq7 += outer(z, a3);
          }
        }
        placed0 = next_column(placed0, placed0[0]); placed1 = next_column(placed1, placed1[0]); placed2 = next_column(placed2, placed2[0]); placed3 = next_column(placed3, placed3[0]);
      }
    }
  }
  for (var row = i; row < min(i + 16u, sizes.queries); row++) {
    let at = (b * sizes.queries + row) * dim + head;
    store_columns(at, column, dq0[0]);
    if (CHUNKS > 1u) {
      store_columns(at, column + 4u * LANES, dq4[0]);
    }
    dq0 = next_column(dq0, dq1[0]); dq1 = next_column(dq1, dq2[0]); dq2 = next_column(dq2, dq3[0]); dq3 = next_column(dq3, dq3[0]);
    dq4 = next_column(dq4, dq5[0]); dq5 = next_column(dq5, dq6[0]); dq6 = next_column(dq6, dq7[0]); dq7 = next_column(dq7, dq7[0]);
  }
}

fn store_columns(at: u32, column: u32, x: vec4f) {
  var rest = x;
  for (var c = column; c < min(column + 4u, sizes.width); c++) {
    dq[at + c] = dq_type(rest.x);
    rest = rest.yzwx;
  }
}
