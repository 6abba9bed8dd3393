import type { KernelCase, OperationCases } from "../case.ts";
import { adamw } from "./adamw.ts";
import { adamwReference } from "./reference.ts";

const hyperparameters = { learningRate: 0.01, beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.1, step: 3 };

function adamwCase(
  name: string,
  count: number,
  scale: number,
  more: { decoupled?: boolean; benchmark?: boolean } = {},
): KernelCase {
  const { benchmark = false, decoupled = true } = more;
  const input = { shape: [count], grad: false };
  const options = { ...hyperparameters, decoupled };
  return {
    name,
    inputs: {
      values: input,
      grads: input,
      first: input,
      second: { ...input, value: (i) => 0.1 + (i % 7) / 3 },
      scale: { shape: [1], value: () => scale, grad: false },
    },
    run: (tape, { values, grads, first, second, scale: gradientScale }) => {
      adamw(
        tape,
        { values: values!, grads: grads!, firstMoment: first!, secondMoment: second! },
        { ...options, gradientScale: gradientScale! },
      );
      return values!;
    },
    reference: ({ values, grads, first, second }) =>
      scale < 0 ? values! : adamwReference(values!, grads!, first!, second!, scale, options),
    flops: 16 * count,
    bytes: 4 * 7 * count,
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "adamw",
  cases: [
    adamwCase("odd", 131, 1),
    adamwCase("clipped", 64, 0.25),
    adamwCase("gradient not finite", 70, -1),
    adamwCase("L2 instead of decay", 33, 1, { decoupled: false }),
    adamwCase("4 M", 1 << 22, 1, { benchmark: true }),
  ],
};
