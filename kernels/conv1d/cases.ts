import type { KernelCase, OperationCases } from "../case.ts";
import { conv1d } from "./conv1d.ts";
import { conv1dGradients, conv1dReference, type Conv1dGeometry } from "./reference.ts";

type Signal = readonly [batch: number, frames: number, channels: number];
type Filter = readonly [outs: number, channelsPerGroup: number, kernel: number];

function conv1dCase(
  name: string,
  signal: Signal,
  filter: Filter,
  options: Partial<Conv1dGeometry> = {},
  more: Partial<KernelCase> = {},
): KernelCase {
  const geometry: Conv1dGeometry = { stride: 1, padding: [0, 0], dilation: 1, groups: 1, ...options };
  const [before, after] = geometry.padding;
  const outputs =
    signal[0] *
    (Math.floor((signal[1] + before + after - geometry.dilation * (filter[2] - 1) - 1) / geometry.stride) + 1) *
    filter[0];
  return {
    name,
    inputs: { x: { shape: signal }, weight: { shape: filter }, bias: { shape: [filter[0]] } },
    run: (tape, { x, weight, bias }) => conv1d(tape, x!, weight!, bias, geometry),
    reference: ({ x, weight, bias }) => conv1dReference(x!, weight!, bias, geometry),
    referenceGradients: ({ x, weight }, dy) => conv1dGradients(x!, weight!, dy, geometry),
    flops: 2 * outputs * filter[1] * filter[2],
    bytes: 4 * (signal[0] * signal[1] * signal[2] + filter[0] * (filter[1] * filter[2] + 1) + outputs),
    half: ["x"],
    ...more,
  };
}

export const cases: OperationCases = {
  operation: "conv1d",
  cases: [
    conv1dCase("odd sizes", [2, 13, 5], [7, 5, 3]),
    conv1dCase("stride longer than the kernel", [2, 17, 3], [3, 3, 2], { stride: 3 }),
    conv1dCase("stride and dilation share a factor", [1, 23, 3], [5, 3, 4], {
      stride: 4,
      dilation: 2,
      padding: [3, 1],
    }),
    conv1dCase("groups of more channels than a block", [1, 9, 18], [20, 9, 3], { groups: 2, padding: [1, 1] }),
    conv1dCase("even kernel padded unevenly", [3, 6, 4], [4, 2, 8], { groups: 2, padding: [4, 3] }),
    conv1dCase("more frames than chunks", [2, 150, 2], [3, 2, 3], { padding: [1, 1] }),
    conv1dCase("blocks of four channels in groups, stride and dilation", [2, 37, 16], [24, 8, 5], {
      groups: 2,
      stride: 4,
      dilation: 2,
      padding: [3, 2],
    }),
    conv1dCase("windows that overlap, a rest, several utterances", [2, 44, 16], [36, 16, 3], { stride: 2 }),
    conv1dCase("windows with gaps, columns in no blocks of four", [3, 40, 16], [35, 16, 4], { stride: 5 }),
    conv1dCase("windows of groups, padded unevenly", [2, 37, 24], [32, 12, 5], {
      stride: 2,
      groups: 2,
      padding: [3, 2],
    }),
    conv1dCase("windows padded after the last frame only", [2, 18, 8], [6, 8, 4], { padding: [0, 3] }),
    conv1dCase("one of everything", [1, 1, 1], [1, 1, 1]),
    conv1dCase("wav2vec2's first layer", [1, 16000, 1], [512, 1, 10], { stride: 5 }, { benchmark: true }),
    conv1dCase("a wav2vec2 layer", [1, 400, 512], [512, 512, 3], { stride: 2 }, { benchmark: true }),
  ],
};
