// What unfold has set itself to reach on lavapipe with two cores: at least `ratio` times as fast as the best peer, at least
// `rate` GFLOP/s, at most `micros` µs. Work without a target is there to be looked at.

/** @typedef {{ ratio?: number, rate?: number, micros?: number }} Target */

/** @type {Record<string, Target>} */
export const TARGETS = {
  mm256: { ratio: 1.3, rate: 6 },
  mm256_fb: { ratio: 2.5 },
  mm512: { ratio: 1.3, rate: 6 },
  mm512_fb: { ratio: 2.5 },
  mm1024: { ratio: 1.3, rate: 6 },
  mm1024_fb: { ratio: 2.5 },
  ffn: { ratio: 1.3, rate: 6 },
  ffn_fb: { ratio: 2.5 },
  bmm: { ratio: 1.3 },
  softmax: { ratio: 4 },
  ln: { ratio: 4 },
  ln_fb: { ratio: 5 },
  dw: { ratio: 2.5 },
  dw_fb: { ratio: 2.5 },
  attn: { ratio: 2 },
  attn_fb: { ratio: 2 },
  adamw4m: { ratio: 4 },
  tiny100: { micros: 25 },
  mlpstep: { ratio: 2.5 },
  // of PyTorch on the same CPU: at most 1.5, 1.7, 1.7, 3 and 3 times its milliseconds
  step_tiny: { ratio: 0.67 },
  step_fsdd: { ratio: 0.59 },
  step_hybrid: { ratio: 0.59 },
  step_readme: { ratio: 0.33 },
  forward_wav2vec2: { ratio: 0.33 },
};
