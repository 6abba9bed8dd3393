import type { KernelCase, OperationCases } from "../case.ts";
import { curves, followedBy } from "../pointwise/reference.ts";
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
    half: ["x"],
    ...more,
  };
}

/** silu after the norm. */
function siluCase(name: string, rows: number, cols: number, more: Partial<KernelCase> = {}): KernelCase {
  const inner = layerNormCase(name, rows, cols, { flops: 12 * rows * cols, ...more });
  return followedBy(curves.silu, {
    ...inner,
    run: (tape, { x, scale, shift }) => layerNorm(tape, x!, scale!, shift!, { eps: EPS, activation: "silu" }),
  });
}

export const cases: OperationCases = {
  operation: "layer_norm",
  cases: [
    layerNormCase("odd", 7, 13),
    layerNormCase("one column", 3, 1),
    layerNormCase("more rows than a chunk", 67, 12),
    layerNormCase("more rows than a workgroup's subgroups hold", 259, 20),
    {
      ...layerNormCase("rows far from zero", 5, 64),
      inputs: {
        x: { shape: [5, 64], value: (i) => 30 + ((i * 37) % 101) / 64 },
        scale: { shape: [64] },
        shift: { shape: [64] },
      },
    },
    {
      ...layerNormCase("an outlier in front", 5, 64),
      inputs: {
        x: { shape: [5, 64], value: (i) => (i % 64 === 0 ? 300 : ((i * 37) % 101) / 50) },
        scale: { shape: [64] },
        shift: { shape: [64] },
      },
    },
    siluCase("silu, odd", 7, 13),
    siluCase("silu, more rows than a chunk", 67, 20),
    siluCase("silu, both tails", 5, 12, {
      inputs: {
        x: { shape: [5, 12] },
        scale: { shape: [12], value: (c) => [1, 30, 200][c % 3]! },
        shift: { shape: [12] },
      },
    }),
    layerNormCase("conformer 800 x 256", 800, 256, { benchmark: true }),
    siluCase("silu, conformer 800 x 256", 800, 256, { benchmark: true }),
  ],
};
