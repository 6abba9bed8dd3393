import type { KernelCase, OperationCases } from "../case.ts";
import { ACTIVATIONS } from "../matmul/product.ts";
import { linear, type Activation } from "./linear.ts";
import { linearGradients, linearReference } from "./reference.ts";

interface Layer {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: boolean;
  readonly activation?: Activation;
}

function linearCase(
  name: string,
  { rows, inputs, outputs, bias = true, activation = "none" }: Layer,
  more: Partial<KernelCase> = {},
): KernelCase {
  return {
    name,
    inputs: {
      x: { shape: [rows, inputs] },
      weight: { shape: [outputs, inputs] },
      ...(bias ? { bias: { shape: [outputs] } } : {}),
    },
    run: (tape, { x, weight, bias: b }) => linear(tape, x!, weight!, b, activation),
    reference: ({ x, weight, bias: b }) => linearReference(x!, weight!, b, activation),
    referenceGradients: ({ x, weight, bias: b }, dy) => linearGradients(x!, weight!, b, dy, activation),
    half: ["x"],
    flops: 2 * rows * inputs * outputs,
    bytes: 4 * (rows * inputs + inputs * outputs + rows * outputs),
    ...more,
  };
}

export const cases: OperationCases = {
  operation: "linear",
  cases: [
    linearCase("one feature", { rows: 3, inputs: 1, outputs: 1 }),
    linearCase("odd sizes", { rows: 7, inputs: 5, outputs: 13 }),
    linearCase("no bias", { rows: 5, inputs: 7, outputs: 3, bias: false }),
    linearCase("more rows than a chunk", { rows: 67, inputs: 7, outputs: 13 }),
    ...ACTIVATIONS.map((activation) => linearCase(activation, { rows: 9, inputs: 7, outputs: 19, activation })),
    linearCase("silu of multiples of four", { rows: 9, inputs: 8, outputs: 20, activation: "silu" }),
    linearCase(
      "feed-forward 1040 x 96 x 384",
      { rows: 1040, inputs: 96, outputs: 384, activation: "silu" },
      { benchmark: true },
    ),
    linearCase("projection 1040 x 96 x 96", { rows: 1040, inputs: 96, outputs: 96 }, { benchmark: true }),
  ],
};
