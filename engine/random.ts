/**
 * Counter-based random numbers: a value depends only on its key (seed, step, layer, element), not on how many values were drawn
 * before. So a recomputed block repeats its dropout mask, a resumed run continues as if uninterrupted, and threads need no shared
 * state. The hash uses only 32-bit xor, shift and multiply, so kernels can compute the same bits.
 */

/** Initial hash state (2^32 divided by the golden ratio); not 0, because `mix(0)` is 0. */
const START = 0x9e3779b9;

/**
 * A bijection of 32-bit integers in which each input bit flips each output bit with a probability close to one half. Constants:
 * C. Wellons, "Prospecting for hash functions" (2018), `lowbias32`.
 */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/**
 * Hash of a sequence of integers: `h = START; for each int: h = mix(h ^ int)`. For a fixed prefix it is a bijection of the last
 * integer. Integers are taken modulo 2^32.
 *
 * @returns an integer in [0, 2^32)
 */
export function hash(...ints: number[]): number {
  return chain(ints) >>> 0;
}

function chain(ints: readonly number[]): number {
  let h = START;
  for (let i = 0; i < ints.length; i++) h = mix(h ^ (ints[i] as number));
  return h;
}

/** The upper 24 bits of a hash as a number in [0, 1), exact in float32. */
const unit = (h: number): number => (h >>> 8) * 2 ** -24;

/** A uniform random number in [0, 1): the upper 24 bits of `hash(...ints)`, so exact in float32. */
export function uniform(...ints: number[]): number {
  return unit(chain(ints));
}

/** A standard normal random number: Box-Muller on the uniform numbers keyed `(...ints, 0)` and `(...ints, 1)`. */
export function normal(...ints: number[]): number {
  const h = chain(ints);
  return Math.sqrt(-2 * Math.log(1 - unit(mix(h)))) * Math.cos(2 * Math.PI * unit(mix(h ^ 1)));
}
