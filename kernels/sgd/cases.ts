import { host, type KernelCase, type OperationCases } from "../case.ts";
import { sgdReference } from "./reference.ts";
import { sgd, type SgdOptions } from "./sgd.ts";

function sgdCase(name: string, count: number, options: SgdOptions): KernelCase {
  const input = { shape: [count], grad: false };
  return {
    name,
    inputs: { values: input, grads: input, velocity: input },
    run: (tape, { values, grads, velocity }) => {
      sgd(tape, { values: values!, grads: grads!, velocity: velocity! }, options);
      return values!;
    },
    reference: ({ values, grads, velocity }) => sgdReference(values!, grads!, velocity!, options),
    flops: 6 * count,
    bytes: 4 * 5 * count,
  };
}

export const cases: OperationCases = {
  operation: "sgd",
  cases: [
    sgdCase("first step", 65, { learningRate: 0.1, momentum: 0.9, step: 1 }),
    sgdCase("momentum", 131, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, step: 2 }),
    {
      ...sgdCase("clipped", 9, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, step: 3 }),
      run: (tape, { values, grads, velocity }) => {
        const tensors = { values: values!, grads: grads!, velocity: velocity! };
        sgd(tape, tensors, {
          learningRate: 0.1,
          momentum: 0.9,
          weightDecay: 0.1,
          step: 3,
          gradientScale: tape.filled([1], 0.25),
        });
        return values!;
      },
      reference: ({ values, grads, velocity }) =>
        sgdReference(
          values!,
          host(grads!.shape, (i) => 0.25 * grads!.data[i]!),
          velocity!,
          {
            learningRate: 0.1,
            momentum: 0.9,
            weightDecay: 0.1,
            step: 3,
          },
        ),
    },
    sgdCase("nesterov", 7, { learningRate: 0.1, momentum: 0.9, nesterov: true, step: 5 }),
  ],
};
