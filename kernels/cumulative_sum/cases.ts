import { sizeOf } from "../../engine/shape.ts";
import type { KernelCase, OperationCases } from "../case.ts";
import { cumulativeSum } from "./cumulative_sum.ts";
import { cumulativeSumReference } from "./reference.ts";

function cumulativeSumCase(shape: readonly [number, number, number], benchmark = false): KernelCase {
  return {
    name: `cumulativeSum of [${shape.join(", ")}] along 1`,
    inputs: { x: { shape } },
    run: (tape, { x }) => cumulativeSum(tape, x!, 1),
    reference: ({ x }) => cumulativeSumReference(x!),
    referenceGradients: (_, dy) => ({ x: cumulativeSumReference(dy, true) }),
    flops: sizeOf(shape),
    bytes: 8 * sizeOf(shape),
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "cumulative_sum",
  cases: [
    cumulativeSumCase([3, 7, 2]),
    cumulativeSumCase([2, 65, 3]),
    cumulativeSumCase([1, 300, 1]),
    cumulativeSumCase([1, 1, 1]),
    cumulativeSumCase([8, 100, 256], true),
  ],
};
