// Attention with tiles of 32 x 32 in workgroup memory.
// STEP features at a time. Beyond the last feature there are zeros, and the weights beyond the last of a tile's 32 rows are zeros
// too, so that loops over both may have a constant length: GPU compilers unroll those, while a CPU's takes twice as long to compile
// them. The remainders in these loops show Dawn that an index is in range; otherwise it would clamp each access.
const STEP: u32 = 8u;
var<workgroup> stage: array<vec4f, 512>; // alternates: STEP features of each operand, then rows of 32 keys or queries

fn quad(first: u32) -> vec4u {
  return vec4u(first, first + 1u, first + 2u, first + 3u);
}
