import type { KernelCase, OperationCases } from "../case.ts";
import { depthwiseConv } from "./depthwise_conv.ts";
import { depthwiseConvGradients, depthwiseConvReference } from "./reference.ts";

type Sizes = readonly [batch: number, frames: number, channels: number, kernel: number];

function depthwiseCase(
  name: string,
  [batch, frames, channels, kernel]: Sizes,
  lengths?: readonly number[],
  more: Partial<KernelCase> = {},
): KernelCase {
  return {
    name,
    inputs: {
      x: { shape: [batch, frames, channels] },
      weight: { shape: [channels, 1, kernel] },
      bias: { shape: [channels] },
      ...(lengths && { lengths: { shape: [batch], dtype: "i32", value: (i: number) => lengths[i]! } }),
    },
    run: (tape, { x, weight, bias, lengths }) => depthwiseConv(tape, x!, weight!, bias, { lengths }),
    reference: ({ x, weight, bias, lengths }) => depthwiseConvReference(x!, weight!, bias, lengths),
    referenceGradients: ({ x, weight, lengths }, dy) => depthwiseConvGradients(x!, weight!, dy, lengths),
    half: ["x"],
    flops: 2 * batch * frames * channels * kernel,
    bytes: 4 * (2 * batch * frames * channels + channels * (kernel + 1)),
    ...more,
  };
}

const withoutBias = depthwiseCase("without bias", [2, 9, 5, 7]);

export const cases: OperationCases = {
  operation: "depthwise_conv",
  cases: [
    depthwiseCase("odd sizes", [2, 13, 7, 3]),
    depthwiseCase("padded utterances", [3, 21, 6, 5], [21, 4, 13]),
    depthwiseCase("padding wider than the kernel, an empty utterance", [3, 20, 4, 3], [1, 0, 20]),
    depthwiseCase("kernel longer than the input", [1, 4, 3, 31]),
    depthwiseCase("one frame, one tap, one channel", [1, 1, 1, 1]),
    depthwiseCase("kernel of several tap blocks", [2, 35, 3, 33], [35, 18]),
    depthwiseCase("more frames than a chunk", [1, 259, 3, 15], [201]),
    {
      ...withoutBias,
      inputs: { x: withoutBias.inputs.x!, weight: withoutBias.inputs.weight! },
    },
    depthwiseCase("conformer, kernel 15", [16, 65, 96, 15], undefined, { benchmark: true }),
    depthwiseCase("conformer, kernel 31", [8, 100, 256, 31], undefined, { benchmark: true }),
  ],
};
