import type { KernelCase, OperationCases } from "../case.ts";
import { conv2d } from "./conv2d.ts";
import { conv2dGradients, conv2dReference } from "./reference.ts";

type Image = readonly [batch: number, height: number, width: number, channels: number];
type Filter = readonly [outs: number, channels: number, kernelHeight: number, kernelWidth: number];

function conv2dCase(
  name: string,
  image: Image,
  filter: Filter,
  stride: number,
  padding: number,
  relu: boolean,
  more: Partial<KernelCase> = {},
): KernelCase {
  const geometry = { stride, padding, relu };
  const outHeight = Math.floor((image[1] + 2 * padding - filter[2]) / stride) + 1;
  const outWidth = Math.floor((image[2] + 2 * padding - filter[3]) / stride) + 1;
  const outputs = image[0] * outHeight * outWidth * filter[0];
  const count = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
  return {
    name,
    inputs: { x: { shape: image }, weight: { shape: filter }, bias: { shape: [filter[0]] } },
    run: (tape, { x, weight, bias }) =>
      conv2d(tape, x!, weight!, bias, { stride, padding, activation: relu ? "relu" : "none" }),
    reference: ({ x, weight, bias }) => conv2dReference(x!, weight!, bias, geometry),
    referenceGradients: ({ x, weight, bias }, dy) => conv2dGradients(x!, weight!, bias, dy, geometry),
    flops: 2 * outputs * filter[1] * filter[2] * filter[3],
    bytes: 4 * (count(image) + count(filter) + filter[0] + outputs),
    half: ["x"],
    ...more,
  };
}

const subsampling = conv2dCase(
  "first layer of a Conformer's subsampling",
  [16, 260, 40, 1],
  [16, 1, 3, 3],
  2,
  0,
  true,
  { benchmark: true },
);
const withoutBias = conv2dCase("without bias", [1, 5, 6, 2], [3, 2, 3, 3], 1, 0, false);

export const cases: OperationCases = {
  operation: "conv2d",
  cases: [
    conv2dCase("odd sizes, stride 2", [2, 9, 7, 3], [5, 3, 3, 3], 2, 0, false),
    conv2dCase("ReLU, more channels than a block", [1, 6, 5, 9], [11, 9, 3, 3], 2, 1, true),
    conv2dCase("stride 3 leaves input positions out", [1, 9, 8, 2], [2, 2, 2, 2], 3, 0, true),
    conv2dCase("kernel 1 x 5, padding", [2, 4, 9, 2], [3, 2, 1, 5], 1, 2, false),
    conv2dCase("more rows than chunks", [3, 45, 5, 1], [2, 1, 3, 3], 2, 1, false),
    conv2dCase("blocks of four channels, more positions than a tile", [2, 11, 13, 12], [20, 12, 3, 3], 2, 1, true),
    conv2dCase("more channels than a tile", [1, 5, 4, 68], [72, 68, 2, 3], 1, 1, true),
    conv2dCase("one output", [1, 3, 3, 1], [1, 1, 3, 3], 2, 0, false),
    { ...withoutBias, inputs: { x: withoutBias.inputs.x!, weight: withoutBias.inputs.weight! } },
    { ...subsampling, inputs: { ...subsampling.inputs, x: { shape: [16, 260, 40, 1], grad: false } } },
    conv2dCase("second layer of a Conformer's subsampling", [16, 129, 19, 16], [16, 16, 3, 3], 2, 0, true, {
      benchmark: true,
    }),
  ],
};
