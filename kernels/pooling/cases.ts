import { sizeOf, type Shape } from "../../engine/shape.ts";
import type { KernelCase, OperationCases } from "../case.ts";
import { averagePool2d, maxPool2d } from "./pooling.ts";
import { poolGradient, poolReference, type Window } from "./reference.ts";

function poolCase(average: boolean, shape: Shape, window: Window, benchmark = false): KernelCase {
  const name = average ? "averagePool2d" : "maxPool2d";
  const { kernel, stride, padding } = window;
  return {
    name: `${name} [${shape.join(", ")}], kernel ${kernel}, stride ${stride}, padding ${padding}`,
    inputs: { x: { shape } },
    run: (tape, { x }) => (average ? averagePool2d : maxPool2d)(tape, x!, window),
    reference: ({ x }) => poolReference(average, x!, window),
    referenceGradients: ({ x }, dy) => ({ x: poolGradient(average, x!, window, dy) }),
    flops: (sizeOf(shape) * kernel ** 2) / stride ** 2,
    bytes: 4 * sizeOf(shape) * (1 + 1 / stride ** 2),
    half: ["x"],
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "pooling",
  cases: [false, true].flatMap((average) => [
    poolCase(average, [2, 6, 4, 3], { kernel: 2, stride: 2, padding: 0 }),
    poolCase(average, [1, 7, 5, 2], { kernel: 3, stride: 2, padding: 1 }),
    poolCase(average, [2, 5, 5, 1], { kernel: 3, stride: 1, padding: 0 }),
    poolCase(average, [1, 1, 1, 1], { kernel: 1, stride: 1, padding: 0 }),
    poolCase(average, [8, 64, 64, 32], { kernel: 2, stride: 2, padding: 0 }, true),
  ]),
};
