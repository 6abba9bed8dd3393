import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const split = defineKernel({
  file: new URL("./split_groups.wgsl", import.meta.url),
  bindings: { x: "read", split: "read_write" },
  sizes: { batch: "u32", frames: "u32", channels: "u32", groups: "u32", padding: "u32", padded: "u32" },
  workgroups: ({ batch, padded, channels }) => spread(batch * padded * channels, 64),
});

const join = defineKernel({
  file: new URL("./join_groups.wgsl", import.meta.url),
  bindings: { split: "read", bias: "read", y: "read_write" },
  sizes: { batch: "u32", frames: "u32", channels: "u32", groups: "u32", has_bias: "u32" },
  workgroups: ({ batch, frames, channels }) => spread(batch * frames * channels, 64),
});

/** `[batch, frames, channels]` to `[batch, groups, padded, channels / groups]`, with `padding` frames of zeros in front and as many behind as are missing. */
export function splitGroups(tape: Tape, x: Tensor, groups: number, padding = 0, padded = x.shape[1] as number): Tensor {
  const [batch, frames, channels] = x.shape as [number, number, number];
  const y = tape.empty([batch, groups, padded, channels / groups], x.dtype);
  split.encode(tape, { x, split: y }, { batch, frames, channels, groups, padding, padded }, {});
  return y;
}

/** f32 `[batch, groups, frames, channels / groups]` to y, `[batch, frames, channels]`, with the bias added. */
export function joinGroups(tape: Tape, parts: Tensor, y: Tensor, bias: Tensor | undefined): void {
  const [batch, frames, channels] = y.shape as [number, number, number];
  const groups = parts.shape[1] as number;
  join.encode(
    tape,
    { split: parts, bias: bias ?? tape.empty([4]), y },
    { batch, frames, channels, groups, has_bias: Number(bias !== undefined) },
    {},
  );
}
