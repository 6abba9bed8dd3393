import type { KernelCase, OperationCases } from "../case.ts";
import { weightNormGradients, weightNormReference } from "./reference.ts";
import { weightNorm } from "./weight_norm.ts";

function weightNormCase(
  name: string,
  shape: readonly [number, number, number],
  more: Partial<KernelCase> = {},
): KernelCase {
  const elements = shape[0] * shape[1] * shape[2];
  return {
    name,
    inputs: { v: { shape }, gain: { shape: [1, 1, shape[2]] } },
    run: (tape, { v, gain }) => weightNorm(tape, v!, gain!),
    reference: ({ v, gain }) => weightNormReference(v!, gain!),
    referenceGradients: ({ v, gain }, dy) => weightNormGradients(v!, gain!, dy),
    flops: 4 * elements,
    bytes: 4 * (2 * elements + shape[2]),
    ...more,
  };
}

export const cases: OperationCases = {
  operation: "weight_norm",
  cases: [
    weightNormCase("odd sizes", [5, 3, 7]),
    weightNormCase("more rows than a chunk", [23, 13, 5]),
    weightNormCase("one channel", [1, 2, 3]),
    weightNormCase("wav2vec2 base", [768, 48, 128], { benchmark: true }),
  ],
};
