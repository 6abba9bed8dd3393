import { normal } from "../../../engine/random.ts";
import { logAddExp } from "../../../model/decode/ranking.ts";

/** Random log-probabilities `[frames, vocab]`. */
export function draw(frames: number, vocab: number, seed: number): Float32Array {
  const logits = Float32Array.from({ length: frames * vocab }, (_, i) => 2 * normal(seed, i));
  for (let t = 0; t < frames; t++) {
    const row = logits.subarray(t * vocab, (t + 1) * vocab);
    const norm = row.reduce(logAddExp, -Infinity);
    row.forEach((x, k) => (row[k] = x - norm));
  }
  return logits;
}
