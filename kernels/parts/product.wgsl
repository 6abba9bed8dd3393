// What a matrix product is asked for.
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const ACCUMULATE: bool = false;  // y += instead of y =
const HAS_BIAS: bool = false;    // otherwise bias is bound to anything
const ACTIVATION: u32 = 0u;      // none, relu, silu, gelu, sigmoid, tanh
const STORE_PRE: bool = false;   // otherwise pre is bound to anything
struct Sizes {
  rows: u32, cols: u32, inner: u32,
  size0: u32, size1: u32, size2: u32, // groups of batch axes
  a0: u32, a1: u32, a2: u32,          // elements between matrices of a, per group
  b0: u32, b1: u32, b2: u32,
  splits: u32, chunk: u32,            // y has that many parts a matrix, each the sum over a chunk of inner
  stride_a: u32,                      // elements from a row of a, as it is stored, to the next
}
var<immediate> sizes: Sizes;
