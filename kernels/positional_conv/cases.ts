import type { KernelCase, OperationCases } from "../case.ts";
import { positionalConv } from "./positional_conv.ts";
import { positionalConvGradients, positionalConvReference } from "./reference.ts";

type Sizes = readonly [batch: number, frames: number, channels: number, kernel: number, groups: number];

function positionalCase(
  name: string,
  [batch, frames, channels, kernel, groups]: Sizes,
  more: Partial<KernelCase> = {},
): KernelCase {
  const width = channels / groups;
  return {
    name,
    inputs: {
      x: { shape: [batch, frames, channels] },
      v: { shape: [channels, width, kernel] },
      gain: { shape: [1, 1, kernel] },
      bias: { shape: [channels] },
    },
    run: (tape, { x, v, gain, bias }) => positionalConv(tape, x!, { v: v!, gain: gain!, bias: bias! }, groups),
    reference: ({ x, v, gain, bias }) => positionalConvReference(x!, v!, gain!, bias!, groups),
    referenceGradients: ({ x, v, gain, bias }, dy) => positionalConvGradients(x!, v!, gain!, bias!, dy, groups),
    flops: 2 * batch * frames * channels * width * kernel,
    bytes: 4 * (2 * batch * frames * channels + channels * width * kernel + kernel + channels),
    ...more,
  };
}

export const cases: OperationCases = {
  operation: "positional_conv",
  cases: [
    positionalCase("even kernel", [2, 7, 6, 8, 3]),
    positionalCase("odd kernel longer than the input", [1, 5, 4, 9, 2]),
    positionalCase("wav2vec2 base, one second", [1, 49, 768, 128, 16], { benchmark: true }),
  ],
};
