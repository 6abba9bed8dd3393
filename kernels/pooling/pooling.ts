import { overElements } from "../../engine/kernel/grid.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectRank, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const SIZES = {
  elements: "u32",
  height: "u32",
  width: "u32",
  channels: "u32",
  out_height: "u32",
  out_width: "u32",
  kernel_height: "u32",
  kernel_width: "u32",
  stride_height: "u32",
  stride_width: "u32",
  padding_height: "u32",
  padding_width: "u32",
} as const;

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write", taken: "read_write" },
  sizes: SIZES,
  constants: ["AVERAGE"],
  workgroups: ({ elements }) => overElements(elements),
});

const backward = defineKernel({
  file: new URL("./backward.wgsl", import.meta.url),
  bindings: { dy: "read", taken: "read", dx: "read_write" },
  sizes: SIZES,
  constants: ["AVERAGE"],
  workgroups: ({ elements }) => overElements(elements),
});

type Pair = readonly [vertical: number, horizontal: number];

/** A number holds for both directions. */
export interface Pool2dOptions {
  readonly kernel: number | Pair;
  /** Default: the kernel, so that windows touch. */
  readonly stride?: number | Pair;
  /** On either side, at most half the kernel; default 0. */
  readonly padding?: number | Pair;
}

export interface Pool1dOptions {
  readonly kernel: number;
  /** Default: the kernel, so that windows touch. */
  readonly stride?: number;
  /** On either side, at most half the kernel; default 0. */
  readonly padding?: number;
}

/**
 * The largest element of each window; of equal ones the first gets the gradient.
 *
 * @param x `[batch, height, width, channels]`, f32 or f16
 * @returns `[batch, outHeight, outWidth, channels]`, outHeight = ⌊(height + 2 padding - kernel) / stride⌋ + 1
 */
export const maxPool2d = (tape: Tape, x: Tensor, options: Pool2dOptions): Tensor =>
  pooled("maxPool2d", false, tape, x, options);

/** The mean of each window, padding counted as zeros. Shapes as in `maxPool2d`. */
export const averagePool2d = (tape: Tape, x: Tensor, options: Pool2dOptions): Tensor =>
  pooled("averagePool2d", true, tape, x, options);

/** `maxPool2d` over time: x is `[batch, frames, channels]`. */
export const maxPool1d = (tape: Tape, x: Tensor, options: Pool1dOptions): Tensor =>
  overTime("maxPool1d", false, tape, x, options);

/** `averagePool2d` over time: x is `[batch, frames, channels]`. */
export const averagePool1d = (tape: Tape, x: Tensor, options: Pool1dOptions): Tensor =>
  overTime("averagePool1d", true, tape, x, options);

function overTime(operation: string, average: boolean, tape: Tape, x: Tensor, options: Pool1dOptions): Tensor {
  expectRank(operation, "x", x, 3);
  const [batch, frames, channels] = x.shape as [number, number, number];
  const { kernel, stride = kernel, padding = 0 } = options;
  const y = pooled(operation, average, tape, tape.reshape(x, [batch, 1, frames, channels]), {
    kernel: [1, kernel],
    stride: [1, stride],
    padding: [0, padding],
  });
  return tape.reshape(y, [batch, y.shape[2]!, channels]);
}

function pooled(operation: string, AVERAGE: boolean, tape: Tape, x: Tensor, options: Pool2dOptions): Tensor {
  expectFloat(operation, "x", x);
  expectRank(operation, "x", x, 4);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const { kernel, stride = kernel, padding = 0 } = options;
  const [vertical, horizontal] = [0, 1].map((i) =>
    alongOne(operation, [height, width][i]!, pick(kernel, i), pick(stride, i), pick(padding, i)),
  ) as [Along, Along];
  const window = {
    height,
    width,
    channels,
    out_height: vertical.outs,
    out_width: horizontal.outs,
    kernel_height: vertical.kernel,
    kernel_width: horizontal.kernel,
    stride_height: vertical.stride,
    stride_width: horizontal.stride,
    padding_height: vertical.padding,
    padding_width: horizontal.padding,
  };
  const y = tape.empty([batch, vertical.outs, horizontal.outs, channels], x.dtype);
  const taken = tape.empty(AVERAGE ? [1] : y.shape, "u32");
  forward.encode(tape, { x, y, taken }, { elements: y.size, ...window }, { AVERAGE });
  return tape.record(operation, [x], y, [taken], (dy) => {
    const dx = tape.like(x);
    backward.encode(tape, { dy, taken, dx }, { elements: dx.size, ...window }, { AVERAGE });
    return [dx];
  });
}

const pick = (value: number | Pair, i: number): number => (typeof value === "number" ? value : value[i]!);

interface Along {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly outs: number;
}

function alongOne(operation: string, size: number, kernel: number, stride: number, padding: number): Along {
  const expect = (fits: boolean, argument: string, expected: string, actual: number): void => {
    if (!fits) throw new ShapeError(operation, argument, expected, String(actual));
  };
  expect(Number.isInteger(padding) && padding >= 0, "padding", "a whole number, at least 0", padding);
  expect(Number.isInteger(stride) && stride >= 1, "stride", "a whole number, at least 1", stride);
  const most = size + 2 * padding;
  expect(
    Number.isInteger(kernel) && kernel >= 1 && kernel <= most,
    "kernel",
    `a whole number from 1 to ${most}`,
    kernel,
  );
  expect(2 * padding <= kernel, "padding", `at most half the kernel of ${kernel}`, padding);
  return { kernel, stride, padding, outs: Math.floor((most - kernel) / stride) + 1 };
}
