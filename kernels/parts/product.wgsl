// The options and sizes of a matrix product.
const TRANSPOSE_A: bool = false;
const TRANSPOSE_B: bool = false;
const HAS_BIAS: bool = false;    // otherwise bias is bound to anything
const ACTIVATION: u32 = 0u;      // none, relu, silu, gelu, sigmoid, tanh
const STORE_PRE: bool = false;   // otherwise pre is bound to anything
struct Sizes {
  rows: u32, cols: u32, inner: u32,
  size0: u32, size1: u32, size2: u32, // groups of batch axes
  a0: u32, a1: u32, a2: u32,          // elements between matrices of a, per group
  b0: u32, b1: u32, b2: u32,
  splits: u32, chunk: u32,            // y has that many parts per matrix, each the sum over a chunk of inner
  stride_a: u32,                      // elements from one row of a, as stored, to the next
  accumulate: u32,                    // not 0: the product alone is added to y. No constant, which would compile every product twice
}
var<immediate> sizes: Sizes;
