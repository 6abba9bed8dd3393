import type { KernelCase, OperationCases } from "../case.ts";
import { clipFactor, globalNorm } from "./grad_norm.ts";
import { clipFactorReference, globalNormReference } from "./reference.ts";

const normCase = (name: string, count: number, more: Partial<KernelCase> = {}): KernelCase => ({
  name,
  inputs: { x: { shape: [count], grad: false } },
  run: (tape, { x }) => globalNorm(tape, [x!]),
  reference: ({ x }) => globalNormReference(x!),
  flops: 2 * count,
  bytes: 4 * count,
  ...more,
});

const clipCase = (name: string, count: number, maxNorm: number): KernelCase => ({
  ...normCase(name, count),
  run: (tape, { x }) => clipFactor(tape, globalNorm(tape, [x!]), maxNorm),
  reference: ({ x }) => clipFactorReference(x!, maxNorm),
});

export const cases: OperationCases = {
  operation: "grad_norm",
  cases: [
    normCase("one element", 1),
    normCase("fewer than threads", 321),
    normCase("more than threads", 5003),
    clipCase("clipped", 300, 2),
    clipCase("not clipped", 300, 1000),
    normCase("4 M", 1 << 22, { benchmark: true }),
  ],
};
