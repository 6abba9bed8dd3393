// Attention weights: softmax of each row of scores over the keys that the query may attend to, in place. One thread a
// row. A query that may attend nowhere gets zeros. The maximum is taken first, so that exp never overflows.
const HAS_MASK: bool = true;
const CAUSAL: bool = false;
struct Sizes { rows: u32, heads: u32, queries: u32, keys: u32, mask_batch: u32, mask_head: u32, mask_query: u32 }
var<immediate> sizes: Sizes; // mask_*: strides of the mask, 0 where it is the same for all
@group(0) @binding(0) var<storage, read> mask: array<u32>;          // broadcast to [batch, heads, queries, keys]; 1 = attend
@group(0) @binding(1) var<storage, read_write> weights: array<f32>; // [batch, heads, queries, keys]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 32u + local;
  if (row >= sizes.rows) {
    return;
  }
  let start = row * sizes.keys;
  let i = row % sizes.queries;
  let b = row / sizes.queries / sizes.heads;
  let mask_start = b * sizes.mask_batch + (row / sizes.queries % sizes.heads) * sizes.mask_head + i * sizes.mask_query;
  var end = sizes.keys;
  if (CAUSAL) {
    end = min(end, i + 1u);
  }
  var largest = -3.4e38;
  for (var j = 0u; j < end; j++) {
    if (!HAS_MASK || mask[mask_start + j] != 0u) {
      largest = max(largest, weights[start + j]);
    }
  }
  var total = 0.0;
  for (var j = 0u; j < sizes.keys; j++) {
    var e = 0.0;
    if (j < end && (!HAS_MASK || mask[mask_start + j] != 0u)) {
      e = exp(weights[start + j] - largest);
    }
    total += e;
    weights[start + j] = e;
  }
  let factor = select(0.0, 1.0 / total, total > 0.0);
  for (var j = 0u; j < end; j++) {
    weights[start + j] *= factor;
  }
}
