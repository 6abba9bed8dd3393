import type { KernelCase, OperationCases } from "../case.ts";
import { layerNorm } from "./layer_norm.ts";
import { layerNormGradients, layerNormReference } from "./reference.ts";

const EPS = 1e-5;

function layerNormCase(name: string, rows: number, cols: number, more: Partial<KernelCase> = {}): KernelCase {
  return {
    name,
    inputs: { x: { shape: [rows, cols] }, scale: { shape: [cols] }, shift: { shape: [cols] } },
    run: (tape, { x, scale, shift }) => layerNorm(tape, x!, scale!, shift!, EPS),
    reference: ({ x, scale, shift }) => layerNormReference(x!, scale!, shift!, EPS),
    referenceGradients: ({ x, scale }, dy) => layerNormGradients(x!, scale!, dy, EPS),
    flops: 8 * rows * cols,
    bytes: 4 * (2 * rows * cols + 2 * cols),
    ...more,
  };
}

export const cases: OperationCases = {
  operation: "layer_norm",
  cases: [
    layerNormCase("odd", 7, 13),
    layerNormCase("one column", 3, 1),
    layerNormCase("more rows than a chunk", 67, 12),
    layerNormCase("conformer 800 x 256", 800, 256, { benchmark: true }),
  ],
};
