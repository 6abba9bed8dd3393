import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectShape, expectType, ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { setStatistics, standardise, type Grouping } from "../group_norm/standardise.ts";

const runningStatistics = defineKernel({
  file: new URL("./running_statistics.wgsl", import.meta.url),
  bindings: { mean: "read", variance: "read", stats: "read_write" },
  sizes: { channels: "u32" },
  workgroups: ({ channels }) => [Math.ceil(channels / 32)],
});

const updateRunning = defineKernel({
  file: new URL("./update_running.wgsl", import.meta.url),
  bindings: { stats: "read", mean: "read_write", variance: "read_write" },
  sizes: { channels: "u32", momentum: "f32" },
  workgroups: ({ channels }) => [Math.ceil(channels / 32)],
});

/** Both `[channels]`. Training moves them towards each batch's statistics, in place. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export interface BatchNormOptions {
  /** True: the batch's own statistics. False: the running ones, as constants. */
  readonly training: boolean;
  /** How far the running statistics move; default 0.1. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Applied to the result in the same kernel: silu is x · sigmoid(x). Default none. */
  readonly activation?: "none" | "silu";
  /** i32 `[batch]`: statistics over real frames only, and a result of 0 at padding. Needs three axes. */
  readonly lengths?: Tensor | undefined;
}

/**
 * Normalises each channel over the whole batch, then scales and shifts it (Ioffe, Szegedy, 2015). A checkpointed
 * function that runs again does not move the running statistics again. An activation costs no extra pass over memory and saves
 * nothing for backward, which recomputes its argument.
 *
 * @param x     `[batch, frames, channels]` or `[batch, channels]`, f32 or f16; the arithmetic is f32
 * @param scale `[channels]`
 * @param shift `[channels]`
 * @returns     same shape as x
 */
export function batchNorm(
  tape: Tape,
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  running: RunningStatistics,
  options: BatchNormOptions,
): Tensor {
  const { training, momentum = 0.1, eps = 1e-5, activation = "none", lengths } = options;
  const grouping = checkGrouping(x, lengths);
  const { channels } = grouping;
  for (const [name, vector] of Object.entries({
    scale,
    shift,
    "running.mean": running.mean,
    "running.variance": running.variance,
  }))
    expectShape("batchNorm", name, vector, [channels]);

  let stats: Tensor;
  if (training) {
    stats = setStatistics(tape, x, grouping);
    if (!tape.recomputing) updateRunning.encode(tape, { stats, ...running }, { channels, momentum }, {});
  } else {
    stats = tape.empty([1, 3, channels]);
    runningStatistics.encode(tape, { stats, ...running }, { channels }, {});
  }
  return standardise(tape, "batchNorm", x, stats, { scale, shift, eps, activation }, grouping);
}

/** Without lengths all rows are alike: one long utterance. */
function checkGrouping(x: Tensor, lengths: Tensor | undefined): Grouping {
  expectFloat("batchNorm", "x", x);
  const rank = x.shape.length;
  const channels = x.shape.at(-1);
  if (channels === undefined || rank > 3 || rank < 2)
    throw new ShapeError("batchNorm", "x", "2 or 3 axes", showShape(x.shape));
  if (!lengths) return { batch: 1, frames: x.size / channels, channels, width: 1, utterancesPerSet: 1, lengths };
  const [batch, frames] = x.shape as [number, number, number];
  if (rank !== 3) throw new ShapeError("batchNorm", "x", "3 axes, as there are lengths", showShape(x.shape));
  expectType("batchNorm", "lengths", lengths, "i32");
  expectShape("batchNorm", "lengths", lengths, [batch]);
  return { batch, frames, channels, width: 1, utterancesPerSet: batch, lengths };
}
