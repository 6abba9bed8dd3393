// Reduces the middle axis of x [outer, count, inner], one thread for each chunk of up to CHUNK elements:
//   y[o, chunk, i] = factor · Σ x[o, k, i]   |   max x[o, k, i]   |   log Σ exp x[o, k, i]     over the k of the chunk.
// All three can be applied again to their own results, so long axes take several rounds. That is a tree of sums of at
// most CHUNK terms each: the same result every time, with an error that grows only with the depth of the tree.
const OP: u32 = 0u; // 0 sum, 1 max, 2 log-sum-exp
const CHUNK: u32 = 128u;
const BLOCK: u32 = 16u;
const LOWEST: f32 = -3.4028234e38;
struct Sizes { threads: u32, count: u32, chunks: u32, inner: u32, factor: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [outer, count, inner]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [outer, chunks, inner]

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = (group.x + group.y * groups.x) * 32u + local;
  if (thread >= sizes.threads) {
    return;
  }
  let column = thread % sizes.inner;
  let chunk = (thread / sizes.inner) % sizes.chunks;
  let outer = thread / (sizes.inner * sizes.chunks);
  let begin = chunk * CHUNK;
  let terms = min(sizes.count - begin, CHUNK);
  let start = (outer * sizes.count + begin) * sizes.inner + column;

  if (OP == 0u) {
    // Blocks first: then a term is rounded BLOCK + CHUNK / BLOCK times at most, not CHUNK.
    var sum = 0.0;
    for (var b = 0u; b * BLOCK < terms; b++) {
      var part = 0.0;
      let end = min((b + 1u) * BLOCK, terms);
      for (var k = b * BLOCK; k < end; k++) {
        part += x[start + k * sizes.inner];
      }
      sum += part;
    }
    y[thread] = sum * sizes.factor;
    return;
  }
  var chunk_max = x[start];
  for (var k = 1u; k < terms; k++) {
    chunk_max = max(chunk_max, x[start + k * sizes.inner]);
  }
  if (OP == 1u) {
    y[thread] = chunk_max;
    return;
  }
  // Nothing overflows once the largest exponent is 0. A chunk of only -inf gives -inf without log 0, which drivers round.
  let exact_max = chunk_max;
  chunk_max = max(chunk_max, LOWEST);
  var total = 0.0;
  for (var k = 0u; k < terms; k++) {
    total += exp(x[start + k * sizes.inner] - chunk_max);
  }
  y[thread] = select(chunk_max + log(total), exact_max, exact_max < LOWEST);
}
