import { sizeOf } from "../../engine/shape.ts";
import type { KernelCase, OperationCases } from "../case.ts";
import { topKGradient, topKIndices, topKReference } from "./reference.ts";
import { topK } from "./top_k.ts";

type Three = readonly [number, number, number];

function topKCase(shape: Three, k: number, benchmark = false): KernelCase {
  return {
    name: `topK: the ${k} largest of [${shape.join(", ")}] along 1`,
    inputs: { x: { shape } },
    run: (tape, { x }) => topK(tape, x!, k, 1).values,
    reference: ({ x }) => topKReference(x!, k),
    referenceGradients: ({ x }, dy) => ({ x: topKGradient(x!, k, dy) }),
    flops: sizeOf(shape) * shape[1],
    bytes: 4 * (sizeOf(shape) + (2 * sizeOf(shape) * k) / shape[1]),
    benchmark,
  };
}

/** Many elements are equal. */
const tiesCase = (shape: Three, k: number): KernelCase => ({
  name: `topK: where the ${k} largest of [${shape.join(", ")}] are`,
  inputs: { x: { shape, grad: false, value: (i) => ((i * 7919) % 5) - 2 } },
  run: (tape, { x }) => topK(tape, x!, k, 1).indices,
  reference: ({ x }) => topKIndices(x!, k),
  flops: sizeOf(shape) * shape[1],
  bytes: 4 * sizeOf(shape),
});

export const cases: OperationCases = {
  operation: "top_k",
  cases: [
    topKCase([3, 17, 2], 4),
    topKCase([2, 5, 1], 5),
    topKCase([1, 1, 1], 1),
    tiesCase([2, 23, 3], 6),
    topKCase([64, 500, 1], 10, true),
  ],
};
