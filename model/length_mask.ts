import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";

/** u32 `[batch, 1, 1, frames]`, as attention masks keys: 1 for the real frames of each utterance. */
export function lengthMask(tape: Tape, lengths: readonly number[], frames: number): Tensor {
  const mask = Uint32Array.from({ length: lengths.length * frames }, (_, i) =>
    i % frames < (lengths[Math.floor(i / frames)] as number) ? 1 : 0,
  );
  return tape.upload(mask, [lengths.length, 1, 1, frames]);
}
