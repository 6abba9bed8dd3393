import type { HostTensor, KernelCase, OperationCases } from "../case.ts";
import { scaledUpdate, type ScaledUpdate } from "./loss_scale.ts";
import { correctionsReference, gradientScaleReference, nextStateReference } from "./reference.ts";

const options = { maxNorm: 5, beta1: 0.9, beta2: 0.999, growthInterval: 3 };

type State = readonly [scale: number, goodSteps: number, updates: number, skipped: number];

function updateCase(
  name: string,
  state: State,
  norm: number,
  of: "state" | keyof ScaledUpdate,
  reference: (state: HostTensor, norm: HostTensor) => HostTensor,
): KernelCase {
  return {
    name,
    inputs: {
      state: { shape: [4], value: (i) => state[i]!, grad: false },
      norm: { shape: [1], value: () => norm, grad: false },
    },
    run: (tape, { state, norm }) => {
      const results = scaledUpdate(tape, state!, norm!, options);
      return of === "state" ? state! : results[of];
    },
    reference: ({ state, norm }) => reference(state!, norm!),
    flops: 20,
    bytes: 4 * 13,
  };
}

const next = (name: string, state: State, norm: number): KernelCase =>
  updateCase(`state: ${name}`, state, norm, "state", (s, n) => nextStateReference(s, n, options));
const factor = (name: string, state: State, norm: number): KernelCase =>
  updateCase(`gradient scale: ${name}`, state, norm, "gradientScale", (s, n) => gradientScaleReference(s, n, options));
const corrections = (updates: number): KernelCase =>
  updateCase(`bias corrections of step ${updates + 1}`, [1, 0, updates, 0], 1, "step", (s) =>
    correctionsReference(s, options),
  );

export const cases: OperationCases = {
  operation: "loss_scale",
  cases: [
    next("one more finite step", [1024, 0, 7, 1], 3),
    next("finite steps enough", [1024, 2, 7, 1], 3),
    next("no larger than 2^24", [2 ** 24, 2, 7, 1], 3),
    next("infinite", [1024, 2, 7, 1], Infinity),
    next("not a number", [1024, 2, 7, 1], NaN),
    next("no smaller than 1", [1, 0, 7, 1], Infinity),
    factor("not clipped", [1024, 0, 0, 0], 2000),
    factor("clipped", [1024, 0, 0, 0], 20_000),
    ...[0, 1, 9, 99, 4999, 1_000_000].map(corrections),
  ],
};
