import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addToGradients } from "../partial_sums.ts";

/** As in the shaders: frames per chunk of a sum, frames per thread otherwise. */
const [CHUNK, FRAMES] = [32, 16];

const perChunk = ({ batch, frames, channels }: Record<"batch" | "frames" | "channels", number>) =>
  spread(batch * Math.ceil(frames / CHUNK) * channels, 32);
const perBlock = ({ batch, frames, channels }: Record<"batch" | "frames" | "channels", number>) =>
  spread(batch * Math.ceil(frames / FRAMES) * channels, 32);
const perGroup = ({ sets, channels, width }: Record<"sets" | "channels" | "width", number>) =>
  spread(sets * (channels / width), 32);

const inputSizes = { batch: "u32", frames: "u32", channels: "u32", has_lengths: "u32" } as const;
const frameSizes = { ...inputSizes, utterances_per_set: "u32", eps: "f32" } as const;
const groupSizes = { sets: "u32", rows: "u32", channels: "u32", width: "u32" } as const;

const chunkStatistics = defineKernel({
  file: new URL("./chunk_statistics.wgsl", import.meta.url),
  bindings: { x: "read", lengths: "read", partial: "read_write" },
  sizes: inputSizes,
  workgroups: perChunk,
});

const mergeStatistics = defineKernel({
  file: new URL("./statistics.wgsl", import.meta.url),
  bindings: { partial: "read", stats: "read_write" },
  sizes: groupSizes,
  workgroups: perGroup,
});

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", stats: "read", scale: "read", shift: "read", lengths: "read", y: "read_write" },
  sizes: frameSizes,
  constants: ["SILU"],
  workgroups: perBlock,
});

const backwardChunks = defineKernel({
  file: new URL("./backward_chunks.wgsl", import.meta.url),
  bindings: {
    x: "read",
    stats: "read",
    scale: "read",
    shift: "read",
    dy: "read",
    lengths: "read",
    partial: "read_write",
  },
  sizes: frameSizes,
  constants: ["SILU"],
  workgroups: perChunk,
});

const backwardSums = defineKernel({
  file: new URL("./backward_sums.wgsl", import.meta.url),
  bindings: { partial: "read", scale: "read", sums: "read_write" },
  sizes: groupSizes,
  workgroups: perGroup,
});

const backwardInput = defineKernel({
  file: new URL("./backward_input.wgsl", import.meta.url),
  bindings: {
    x: "read",
    stats: "read",
    scale: "read",
    shift: "read",
    sums: "read",
    dy: "read",
    lengths: "read",
    dx: "read_write",
  },
  sizes: frameSizes,
  constants: ["SILU"],
  workgroups: perBlock,
});

/**
 * Which values of `[batch, frames, channels]` share a mean and a variance: those of `width` neighbouring channels in the
 * real frames of `utterancesPerSet` neighbouring utterances. All of them and one channel: batch norm. One utterance and
 * several channels: group norm.
 */
export interface Grouping {
  readonly batch: number;
  readonly frames: number;
  readonly channels: number;
  readonly width: number;
  readonly utterancesPerSet: number;
  /** i32 `[batch]`: frames beyond belong to no set, and their result is 0. */
  readonly lengths: Tensor | undefined;
}

/** The rest of the operation: scale and shift `[channels]`, what is added to the variance, and the activation. */
export interface Transform {
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly eps: number;
  /** Default none. */
  readonly activation?: "none" | "silu";
}

/** Mean, population variance and 1 / count of each set and group: `[sets, 3, channels]`. */
export function setStatistics(tape: Tape, x: Tensor, grouping: Grouping): Tensor {
  const { batch, frames, channels } = grouping;
  const rows = batch * Math.ceil(frames / CHUNK);
  const stats = tape.empty([batch / grouping.utterancesPerSet, 3, channels]);
  const partial = tape.empty([rows, 3, channels]);
  chunkStatistics.encode(tape, { x, lengths: boundLengths(tape, grouping), partial }, inputSizesOf(grouping), {});
  mergeStatistics.encode(tape, { partial, stats }, groupSizesOf(grouping), {});
  return stats;
}

/**
 * y = activation((x - mean) / √(variance + eps) · scale + shift), differentiable to x, scale and shift. Where 1 / count in `stats` is
 * 0 the statistics count as constants, else as functions of x.
 */
export function standardise(
  tape: Tape,
  name: string,
  x: Tensor,
  stats: Tensor,
  transform: Transform,
  grouping: Grouping,
): Tensor {
  const { batch, frames, channels } = grouping;
  const { scale, shift, eps, activation = "none" } = transform;
  const lengths = boundLengths(tape, grouping);
  const sizes = { ...inputSizesOf(grouping), utterances_per_set: grouping.utterancesPerSet, eps };
  const constants = { SILU: activation === "silu" };
  const y = tape.like(x);
  forward.encode(tape, { x, stats, scale, shift, lengths, y }, sizes, constants);
  return tape.record(name, [x, scale, shift], y, [x, stats, scale, shift, lengths], (dy) => {
    const partial = tape.empty([batch * Math.ceil(frames / CHUNK), 2 * channels]);
    backwardChunks.encode(tape, { x, stats, scale, shift, dy, lengths, partial }, sizes, constants);
    addToGradients(tape, partial, scale, shift);
    if (!x.needsGrad) return [undefined, undefined, undefined];
    const dx = tape.like(x);
    const sums = tape.empty([batch / grouping.utterancesPerSet, 2, channels]);
    backwardSums.encode(tape, { partial, scale, sums }, groupSizesOf(grouping), {});
    backwardInput.encode(tape, { x, stats, scale, shift, sums, dy, lengths, dx }, sizes, constants);
    return [dx, undefined, undefined];
  });
}

/** A dummy is bound for absent lengths; it is not read. */
const boundLengths = (tape: Tape, { lengths }: Grouping): Tensor => lengths ?? tape.empty([1], "i32");

const inputSizesOf = ({ batch, frames, channels, lengths }: Grouping) => ({
  batch,
  frames,
  channels,
  has_lengths: lengths ? 1 : 0,
});

const groupSizesOf = ({ batch, frames, channels, width, utterancesPerSet }: Grouping) => ({
  sets: batch / utterancesPerSet,
  rows: utterancesPerSet * Math.ceil(frames / CHUNK),
  channels,
  width,
});
