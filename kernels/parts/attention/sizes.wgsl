// One call of attention. With relative positions there are as many keys as queries: the frames.
struct Sizes {
  batch: u32, heads: u32, queries: u32, keys: u32, width: u32, scale: f32, causal: u32, masked: u32, mask_batch: u32, mask_head: u32, mask_query: u32,
  prefix: u32, first: u32, threshold: u32, factor: f32, // of dropout
}
var<immediate> sizes: Sizes;
