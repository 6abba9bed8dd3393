import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { EncoderOptions } from "./ctc_model.ts";
import { unfold, type DepthSchedule } from "./unfold.ts";

/** A physical block: same shape in and out. The logical layer keys its random numbers. */
export interface UnfoldableBlock<Context> {
  forward(tape: Tape, x: Tensor, context: Context, layer: number): Tensor;
}

/**
 * Applies blocks in the order of each schedule, common prefixes only once, and returns each schedule's last state.
 *
 * @param x `[batch, frames, dim]`
 */
export function runSchedules<Context>(
  tape: Tape,
  x: Tensor,
  blocks: readonly UnfoldableBlock<Context>[],
  schedules: readonly DepthSchedule[],
  context: Context,
  { checkpointing = false, onState }: EncoderOptions,
): Tensor[] {
  return unfold(x, schedules, (h: Tensor, block, layer) => {
    const apply = (input: Tensor): Tensor =>
      tape.named(`layer ${layer}, block ${block}`, () =>
        (blocks[block] as UnfoldableBlock<Context>).forward(tape, input, context, layer),
      );
    const y = checkpointing ? tape.checkpoint(apply, h) : tape.scope(() => apply(h));
    onState?.(layer, block, y);
    return y;
  });
}
