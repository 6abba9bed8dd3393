import { sizeOf, type Shape } from "../../engine/shape.ts";
import { host, type CaseInput, type KernelCase, type OperationCases } from "../case.ts";
import { argmax } from "./argmax.ts";
import * as reduction from "./reduction.ts";
import { reductionGradient, reductionReference, reductions } from "./reference.ts";

type Name = keyof typeof reductions;
type More = Partial<Pick<CaseInput, "value">> & { benchmark?: boolean };

function reductionCase(
  name: Name,
  shape: Shape,
  axes: readonly number[],
  { value, benchmark = false }: More = {},
): KernelCase {
  const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  return {
    name: `${name} of [${shape.join(", ")}] over ${axes.join(", ")}`,
    inputs: { x: { shape, ...(value && { value }) } },
    run: (tape, { x }) => reduction[name](tape, x!, axes, { keepDims: true }),
    reference: ({ x }) => reductionReference(reductions[name], x!, kept),
    referenceGradients: ({ x }, dy) => ({ x: reductionGradient(reductions[name], x!, kept, dy) }),
    flops: sizeOf(shape),
    bytes: 4 * (sizeOf(shape) + sizeOf(kept)),
    benchmark,
  };
}

function argmaxCase(shape: readonly [number, number, number]): KernelCase {
  const [outer, count, inner] = shape;
  return {
    name: `argmax of [${shape.join(", ")}]`,
    inputs: { x: { shape, grad: false, value: (i) => (i * 7919) % 13 } },
    run: (tape, { x }) => argmax(tape, x!, 1),
    reference: ({ x }) =>
      host([outer, inner], (i) => {
        const start = Math.floor(i / inner) * count * inner + (i % inner);
        const values = Array.from({ length: count }, (_, k) => x!.data[start + k * inner]!);
        return values.indexOf(Math.max(...values));
      }),
    flops: sizeOf(shape),
    bytes: 4 * sizeOf(shape),
  };
}

const names = Object.keys(reductions) as Name[];

export const cases: OperationCases = {
  operation: "reduction",
  cases: [
    ...names.flatMap((name) => [
      reductionCase(name, [3, 5, 7], [2]),
      reductionCase(name, [3, 5, 7], [0, 2]),
      reductionCase(name, [2, 301], [1]),
      reductionCase(name, [1], [0]),
    ]),
    reductionCase("sum", [3, 2, 4, 2, 3], [0, 2, 4]),
    reductionCase("sum", [40_000], [0], { value: () => 0.1 }),
    reductionCase("logSumExp", [4, 6], [1], { value: (i) => 1000 * (i % 5) - 2000 }),
    reductionCase("variance", [2, 200], [1], { value: (i) => 1000 + ((i * 37) % 101) / 50 }),
    argmaxCase([3, 17, 2]),
    argmaxCase([2, 1, 1]),
    reductionCase("sum", [8, 100, 256], [0, 1], { benchmark: true }),
    reductionCase("mean", [800, 256], [1], { benchmark: true }),
  ],
};
