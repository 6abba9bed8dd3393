import { sizeOf, stridesOf, type Shape } from "../../engine/shape.ts";
import type { HostTensor, KernelCase, OperationCases } from "../case.ts";
import { embedding } from "./embedding.ts";
import { gather } from "./gather.ts";
import { indexSelect } from "./index_select.ts";
import { lookupGradient, lookupReference, type IndexOf } from "./reference.ts";

interface More {
  value?: (i: number) => number;
  benchmark?: boolean;
}

/** Indices into `count` that repeat in no regular order. */
const mixed =
  (count: number) =>
  (i: number): number =>
    ((i * 7919) % 104_729) % count;

/** Indices of any shape into weight [vocab, channels]. (With a padding index the gradient is not the derivative: the PyTorch values cover that.) */
function embeddingCase(
  indices: Shape,
  weight: readonly [number, number],
  { value = mixed(weight[0]), benchmark = false }: More = {},
): KernelCase {
  // As a lookup along axis 0 of [vocab, channels] with the indices in one row.
  const flat = [sizeOf(indices), weight[1]];
  const at =
    (index: HostTensor): IndexOf =>
    ([k]) =>
      index.data[k!]!;
  return {
    name: `embedding [${indices.join(", ")}] of [${weight.join(", ")}]`,
    inputs: { indices: { shape: indices, dtype: "i32", value }, weight: { shape: weight } },
    run: (tape, { indices: given, weight: table }) => embedding(tape, given!, table!),
    reference: ({ indices: given, weight: table }) => ({
      ...lookupReference(table!, flat, 0, at(given!)),
      shape: [...indices, weight[1]],
    }),
    referenceGradients: ({ indices: given, weight: table }, dy) => ({
      weight: lookupGradient(table!, { ...dy, shape: flat }, 0, at(given!)),
    }),
    flops: 0,
    bytes: 8 * sizeOf(flat) + 4 * sizeOf(indices),
    benchmark,
  };
}

function indexSelectCase(shape: Shape, selected: number, axis: number, value = mixed(shape[axis]!)): KernelCase {
  const at =
    (index: HostTensor): IndexOf =>
    (c) =>
      index.data[c[axis]!]!;
  return {
    name: `indexSelect ${selected} of [${shape.join(", ")}] along ${axis}`,
    inputs: { x: { shape }, index: { shape: [selected], dtype: "i32", value } },
    run: (tape, { x, index }) => indexSelect(tape, x!, index!, axis),
    reference: ({ x, index }) => lookupReference(x!, shape.with(axis, selected), axis, at(index!)),
    referenceGradients: ({ x, index }, dy) => ({ x: lookupGradient(x!, dy, axis, at(index!)) }),
    flops: 0,
    bytes: (8 * sizeOf(shape) * selected) / shape[axis]! + 4 * selected,
  };
}

function gatherCase(shape: Shape, selected: number, axis: number, value = mixed(shape[axis]!)): KernelCase {
  const own = shape.with(axis, selected);
  const strides = stridesOf(own);
  const at =
    (index: HostTensor): IndexOf =>
    (c) =>
      index.data[c.reduce((sum, n, i) => sum + n * strides[i]!, 0)]!;
  return {
    name: `gather ${selected} of [${shape.join(", ")}] along ${axis}`,
    inputs: { x: { shape }, index: { shape: own, dtype: "i32", value } },
    run: (tape, { x, index }) => gather(tape, x!, index!, axis),
    reference: ({ x, index }) => lookupReference(x!, own, axis, at(index!)),
    referenceGradients: ({ x, index }, dy) => ({ x: lookupGradient(x!, dy, axis, at(index!)) }),
    flops: 0,
    bytes: 12 * sizeOf(own),
  };
}

export const cases: OperationCases = {
  operation: "embedding",
  cases: [
    embeddingCase([2, 9], [7, 5]),
    embeddingCase([1], [1, 1]),
    embeddingCase([131], [3, 67]),
    embeddingCase([3, 4], [6, 5]),
    embeddingCase([9], [4, 3], { value: (i) => i - 2 }),
    embeddingCase([8, 40], [1000, 256], { benchmark: true }),
    indexSelectCase([5, 3], 9, 0),
    indexSelectCase([2, 5, 3], 4, 1),
    indexSelectCase([67, 5], 7, 1),
    indexSelectCase([2, 4], 5, 1, (i) => i - 1),
    gatherCase([3, 5], 9, 1),
    gatherCase([2, 5, 3], 4, 1),
    gatherCase([5, 35], 3, 0),
    gatherCase([4], 1, 0),
    gatherCase([2, 3], 5, 1, (i) => (i % 5) - 1),
  ],
};
