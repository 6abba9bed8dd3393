import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";

const filter = { taps: "u32", channels: "u32", outs: "u32", groups: "u32" } as const;

const pack = defineKernel({
  file: new URL("./pack_weight.wgsl", import.meta.url),
  bindings: { weight: "read", packed: "read_write" },
  sizes: { ...filter, backward: "u32" },
  workgroups: ({ channels, outs, groups }) => spread(channels * outs * groups, 64),
});

const addPackedSums = defineKernel({
  file: new URL("./add_packed_sums.wgsl", import.meta.url),
  bindings: { partial: "read", dweight: "read_write" },
  sizes: { chunks: "u32", ...filter },
  workgroups: ({ channels, outs, groups }) => spread(channels * outs * groups, 64),
});

const sumColumns = defineKernel({
  file: new URL("./sum_columns.wgsl", import.meta.url),
  bindings: { dy: "read", partial: "read_write" },
  sizes: { rows: "u32", cols: "u32", chunk: "u32" },
  workgroups: ({ rows, cols, chunk }) => [Math.ceil(cols / 64), Math.ceil(rows / chunk)],
});

/** Channels and outs of one group. */
export type Filter = Readonly<Record<keyof typeof filter, number>>;

/**
 * The weight as the right operand of a product, in the tape's type for activations: `[groups, taps, channels, outs]`, with
 * `backward` `[groups, taps, outs, channels]`.
 */
export function packWeight(tape: Tape, of: Filter, weight: Tensor, backward = false): Tensor {
  const packed = tape.empty([weight.size], tape.activation);
  pack.encode(tape, { weight, packed }, { ...of, backward: Number(backward) }, {});
  return packed;
}

/** Adds the chunks of `partial`, each `[groups, taps, channels, outs]`, to the gradient of the weight, which is laid out differently. */
export function addToPacked(tape: Tape, of: Filter, partial: Tensor, weight: Tensor): void {
  const chunks = partial.size / weight.size;
  addPackedSums.encode(tape, { partial, dweight: tape.gradientOf(weight) }, { chunks, ...of }, {});
}

/** Adds Σ over positions of dy, `[…, outs]`, to the gradient of the bias. */
export function addToBias(tape: Tape, dy: Tensor, bias: Tensor): void {
  const cols = bias.size;
  const rows = dy.size / cols;
  const chunk = Math.max(64, Math.ceil(rows / 512));
  const partial = tape.empty([Math.ceil(rows / chunk), cols]);
  sumColumns.encode(tape, { dy, partial }, { rows, cols, chunk }, {});
  addPartialSums(tape, partial, tape.gradientOf(bias));
}
