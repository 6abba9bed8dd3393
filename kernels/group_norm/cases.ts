import type { KernelCase, OperationCases } from "../case.ts";
import { groupNorm } from "./group_norm.ts";
import { groupSets, standardiseGradients, standardiseReference } from "./reference.ts";

const EPS = 1e-5;

function groupNormCase(
  name: string,
  shape: readonly [number, number, number],
  groups: number,
  more: Partial<KernelCase> = {},
): KernelCase {
  const sets = groupSets(shape, groups);
  const elements = shape[0] * shape[1] * shape[2];
  return {
    name,
    inputs: { x: { shape }, scale: { shape: [shape[2]] }, shift: { shape: [shape[2]] } },
    run: (tape, { x, scale, shift }) => groupNorm(tape, x!, scale!, shift!, { groups, eps: EPS }),
    reference: ({ x, scale, shift }) => standardiseReference(x!, sets, scale!, shift!, EPS),
    referenceGradients: ({ x, scale }, dy) => standardiseGradients(x!, sets, scale!, dy, EPS),
    flops: 8 * elements,
    bytes: 4 * (2 * elements + 2 * shape[2]),
    half: ["x"],
    ...more,
  };
}

const farFromZero = groupNormCase("far from zero", [2, 40, 4], 2);

export const cases: OperationCases = {
  operation: "group_norm",
  cases: [
    groupNormCase("odd sizes", [3, 13, 15], 5),
    groupNormCase("one group", [2, 7, 6], 1),
    groupNormCase("a group a channel, more frames than a chunk", [2, 67, 3], 3),
    groupNormCase("one frame", [2, 1, 8], 2),
    {
      ...farFromZero,
      inputs: { ...farFromZero.inputs, x: { shape: [2, 40, 4], value: (i) => 100 + Math.sin(i) } },
      tolerance: { rtol: 1e-4, atol: 1e-4, why: "x - mean keeps five digits of float32 so far from zero" },
    },
    groupNormCase("wav2vec2's first layer", [1, 3199, 512], 512, { benchmark: true }),
  ],
};
