// Attention with tiles of 32 x 32 in workgroup memory.
// Features at a time, zeros beyond the last; weights of a tile's 32 rows are zeros beyond the last as well. So loops over both may have a
// constant length, which GPUs' compilers unroll; a CPU's takes twice as long to compile that. The remainders in them tell
// Dawn that an index is within its array, for which it would else add a bound to each access.
const STEP: u32 = 8u;
var<workgroup> stage: array<vec4f, 512>; // by turns: STEP features of each operand, then rows of 32 keys or queries

fn quad(first: u32) -> vec4u {
  return vec4u(first, first + 1u, first + 2u, first + 3u);
}
