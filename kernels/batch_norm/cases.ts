import { sizeOf } from "../../engine/shape.ts";
import type { CaseInput, KernelCase, OperationCases } from "../case.ts";
import { standardiseGradients, standardiseReference } from "../group_norm/reference.ts";
import { curves, followedBy } from "../pointwise/reference.ts";
import { batchNorm } from "./batch_norm.ts";
import { batchSets, evaluationGradients, evaluationReference } from "./reference.ts";

const EPS = 1e-5;

function inputsOf(shape: readonly number[], lengths?: readonly number[]): Record<string, CaseInput> {
  const channels = shape.at(-1)!;
  return {
    x: { shape },
    scale: { shape: [channels] },
    shift: { shape: [channels] },
    mean: { shape: [channels], grad: false },
    variance: { shape: [channels], grad: false, value: (c) => 0.5 + (c % 5) / 3 },
    ...(lengths && { lengths: { shape: [lengths.length], dtype: "i32", value: (b: number) => lengths[b]! } }),
  };
}

type Activation = "none" | "silu";

const activated = (activation: Activation, inner: KernelCase): KernelCase =>
  activation === "silu"
    ? followedBy(curves.silu, { ...inner, flops: inner.flops + 4 * sizeOf(inner.inputs.x!.shape) })
    : inner;

function trainingCase(
  name: string,
  shape: readonly number[],
  lengths?: readonly number[],
  { activation = "none", ...more }: Partial<KernelCase> & { activation?: Activation } = {},
): KernelCase {
  const sets = batchSets(shape, lengths);
  const elements = shape.reduce((product, n) => product * n, 1);
  return activated(activation, {
    name,
    inputs: inputsOf(shape, lengths),
    run: (tape, { x, scale, shift, mean, variance, lengths: l }) =>
      batchNorm(
        tape,
        x!,
        scale!,
        shift!,
        { mean: mean!, variance: variance! },
        { training: true, eps: EPS, activation, lengths: l },
      ),
    reference: ({ x, scale, shift }) => standardiseReference(x!, sets, scale!, shift!, EPS),
    referenceGradients: ({ x, scale }, dy) => standardiseGradients(x!, sets, scale!, dy, EPS),
    flops: 8 * elements,
    bytes: 4 * (2 * elements + 6 * shape.at(-1)!),
    half: ["x"],
    ...more,
  });
}

const evaluationCase = (name: string, activation: Activation = "none"): KernelCase =>
  activated(activation, {
    name,
    inputs: inputsOf([3, 11, 7]),
    run: (tape, { x, scale, shift, mean, variance }) =>
      batchNorm(
        tape,
        x!,
        scale!,
        shift!,
        { mean: mean!, variance: variance! },
        { training: false, eps: EPS, activation },
      ),
    reference: ({ x, scale, shift, mean, variance }) => evaluationReference(x!, scale!, shift!, mean!, variance!, EPS),
    referenceGradients: ({ x, scale, mean, variance }, dy) =>
      evaluationGradients(x!, scale!, mean!, variance!, dy, EPS),
    flops: 4 * 231,
    bytes: 4 * (2 * 231 + 4 * 7),
    half: ["x"],
  });

export const cases: OperationCases = {
  operation: "batch_norm",
  cases: [
    trainingCase("training, odd sizes", [3, 13, 7]),
    trainingCase("training, two axes", [9, 5]),
    trainingCase("training, more frames than a chunk, one channel", [2, 67, 1]),
    trainingCase("training, padded utterances, one of them empty", [4, 41, 5], [41, 7, 0, 33]),
    trainingCase("training, silu, odd sizes", [3, 13, 7], undefined, { activation: "silu" }),
    trainingCase("training, silu, more frames than a chunk, padded utterances", [4, 41, 5], [41, 7, 0, 33], {
      activation: "silu",
    }),
    evaluationCase("evaluation"),
    evaluationCase("evaluation, silu", "silu"),
    trainingCase("conformer 16 x 65 x 96", [16, 65, 96], undefined, { benchmark: true }),
    trainingCase("conformer 8 x 100 x 256", [8, 100, 256], undefined, { benchmark: true }),
    trainingCase("silu, conformer 8 x 100 x 256", [8, 100, 256], undefined, { activation: "silu", benchmark: true }),
  ],
};
