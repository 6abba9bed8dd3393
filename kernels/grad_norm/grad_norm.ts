import type { Device } from "../../engine/device.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { wholeQuads } from "../whole_quads.ts";

/** Workgroups, each with its own sum: eight for each of an H100's 132 multiprocessors; few keep a CPU busy. */
const groupsOf = ({ isSoftware }: Pick<Device, "isSoftware">): number => (isSoftware ? 128 : 1056);

const partialSquares = defineKernel({
  file: new URL("./partial_squares.wgsl", import.meta.url),
  bindings: { grads: "read", partial: "read_write" },
  sizes: { count: "u32", offset: "u32" },
  constants: ["UNROLL"],
  workgroups: (_, __, device) => [groupsOf(device)],
});

const normKernel = defineKernel({
  file: new URL("./norm.wgsl", import.meta.url),
  bindings: { partial: "read", norm: "read_write" },
  sizes: { count: "u32" },
  workgroups: () => [1],
});

const clipFactorKernel = defineKernel({
  file: new URL("./clip_factor.wgsl", import.meta.url),
  bindings: { norm: "read", factor: "read_write" },
  sizes: { max_norm: "f32" },
  workgroups: () => [1],
});

/** The Euclidean norm of all elements of all tensors together, `[1]`, without a readback. */
export function globalNorm(tape: Tape, grads: readonly Tensor[]): Tensor {
  const groups = groupsOf(tape.device);
  const UNROLL = !tape.device.isSoftware;
  const partial = tape.empty([grads.length * groups]);
  grads.forEach((x, i) =>
    partialSquares.encode(tape, { grads: wholeQuads(x), partial }, { count: x.size, offset: i * groups }, { UNROLL }),
  );
  const norm = tape.empty([1]);
  normKernel.encode(tape, { partial, norm }, { count: partial.size }, {});
  return norm;
}

/** The factor of the gradients that makes their norm at most `maxNorm`, `[1]`; -1 if the norm is not finite. */
export function clipFactor(tape: Tape, norm: Tensor, maxNorm: number): Tensor {
  const factor = tape.empty([1]);
  clipFactorKernel.encode(tape, { norm, factor }, { max_norm: maxNorm }, {});
  return factor;
}
