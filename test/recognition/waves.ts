/** Features `[frames, bins]` of slow waves, so that a model's frames differ from each other; another `key`, other waves. */
export const waves = (frames: number, bins: number, key: number): Float32Array =>
  Float32Array.from(
    { length: frames * bins },
    (_, i) => 3 * Math.sin(0.2 * key * Math.floor(i / bins) + key * (i % bins)),
  );
