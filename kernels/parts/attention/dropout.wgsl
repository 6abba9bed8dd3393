// Dropout of attention's weights, after the softmax. The weight of a query for a key is kept with probability 1 - rate, by a hash of
// (seed, step, site, utterance and head, query, key) as in engine/random.ts, so that backward draws what forward drew and
// nothing is stored: `sizes.prefix` is the hash of the first three, `head_bits` of the first four.
// include parts/random_bits.wgsl

// Of a head of this call: `sizes.first` heads of the whole batch come before the first of them.
fn head_bits_of(head: u32) -> u32 {
  return mix(sizes.prefix ^ (sizes.first + head));
}

// x / (1 - rate) where the weights of queries i for keys j are kept, else 0.
fn dropped(x: vec4f, head_bits: u32, i: vec4u, j: vec4u) -> vec4f {
  if (!DROPOUT) {
    return x;
  }
  let row_bits = vec4u(mix(head_bits ^ i.x), mix(head_bits ^ i.y), mix(head_bits ^ i.z), mix(head_bits ^ i.w));
  let key = row_bits ^ j;
  let uniform_24_bits = vec4u(mix(key.x), mix(key.y), mix(key.z), mix(key.w)) >> vec4u(8u);
  return select(vec4f(), x * sizes.factor, uniform_24_bits >= vec4u(sizes.threshold));
}

// The same of a matrix with a column for each key.
fn dropped_columns(x: mat4x4f, head_bits: u32, i: vec4u, j: vec4u) -> mat4x4f {
  return mat4x4f(
    dropped(x[0], head_bits, i, vec4u(j.x)), dropped(x[1], head_bits, i, vec4u(j.y)),
    dropped(x[2], head_bits, i, vec4u(j.z)), dropped(x[3], head_bits, i, vec4u(j.w)));
}
