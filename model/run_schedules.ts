import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { EncoderOptions } from "./ctc_model.ts";
import { scaledSchedules, type ScaledBlock } from "./stochastic_depth.ts";
import { unfold, type DepthSchedule } from "./unfold.ts";

/** A physical block: same shape in and out. The logical layer keys its random numbers. */
export interface UnfoldableBlock<Context> {
  forward(tape: Tape, x: Tensor, context: Context, layer: number, residualScale?: number): Tensor;
}

/**
 * Applies blocks in the order of each schedule, common prefixes only once, and returns each schedule's last state. Other states
 * are released as soon as no schedule or backward rule needs them, unless `onState` has received them.
 *
 * @param x `[batch, frames, dim]`
 */
export function runSchedules<Context>(
  tape: Tape,
  x: Tensor,
  blocks: readonly UnfoldableBlock<Context>[],
  schedules: readonly DepthSchedule[],
  context: Context,
  { checkpointing = false, onState, residualScales }: EncoderOptions,
): Tensor[] {
  const scaled = scaledSchedules(schedules, residualScales);
  const applyBlock = (h: Tensor, index: number, layer: number): Tensor => {
    const { block, residualScale } = scaled.blocks[index] as ScaledBlock;
    const apply = (input: Tensor): Tensor =>
      tape.named(`layer ${layer}, block ${block}`, () =>
        (blocks[block] as UnfoldableBlock<Context>).forward(tape, input, context, layer, residualScale),
      );
    const y = checkpointing ? tape.checkpoint(apply, h) : tape.scope(() => apply(h));
    onState?.(layer, block, y);
    return y;
  };
  return unfold(x, scaled.schedules, applyBlock, onState ? undefined : (body) => void tape.scope(body));
}
