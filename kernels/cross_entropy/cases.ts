import type { KernelCase, OperationCases } from "../case.ts";
import { crossEntropy, labelSmoothingKl } from "./cross_entropy.ts";
import { crossEntropyGradients, crossEntropyReference, type Smoothing } from "./reference.ts";

type Inputs = Pick<KernelCase, "inputs" | "reference" | "referenceGradients" | "flops" | "bytes">;

/** Every third target is left out, or with `ignored` all of them. */
function shared(shape: readonly number[], smoothing: Smoothing, ignored = false): Inputs {
  const classes = shape.at(-1) as number;
  const size = shape.reduce((product, n) => product * n, 1);
  return {
    inputs: {
      logits: { shape },
      targets: {
        shape: shape.slice(0, -1),
        dtype: "i32",
        value: (i) => (ignored || i % 3 === 1 ? -1 : (i * 7) % classes),
      },
    },
    reference: ({ logits, targets }) => crossEntropyReference(logits!, targets!, smoothing),
    referenceGradients: ({ logits, targets }, dy) => crossEntropyGradients(logits!, targets!, smoothing, dy),
    flops: 5 * size,
    bytes: 4 * (size + 2 * (size / classes)),
  };
}

function plain(
  name: string,
  shape: readonly number[],
  epsilon: number,
  reduction: "none" | "sum" | "mean",
  more: { ignored?: boolean; benchmark?: boolean } = {},
): KernelCase {
  const off = epsilon / (shape.at(-1) as number);
  return {
    name,
    run: (tape, { logits, targets }) => crossEntropy(tape, logits!, targets!, { labelSmoothing: epsilon, reduction }),
    ...shared(shape, { on: 1 - epsilon + off, off, divergence: false, reduction }, more.ignored),
    ...(more.benchmark && { benchmark: true }),
  };
}

function divergence(
  name: string,
  shape: readonly number[],
  smoothing: number,
  normaliseBy: "tokens" | "batch",
): KernelCase {
  const off = smoothing / ((shape.at(-1) as number) - 1);
  return {
    name,
    run: (tape, { logits, targets }) => labelSmoothingKl(tape, logits!, targets!, { smoothing, normaliseBy }),
    ...shared(shape, {
      on: 1 - smoothing,
      off,
      divergence: true,
      reduction: normaliseBy === "tokens" ? "mean" : "batch",
    }),
  };
}

export const cases: OperationCases = {
  operation: "cross_entropy",
  cases: [
    plain("odd", [3, 5, 13], 0, "mean"),
    plain("smoothed", [3, 5, 13], 0.1, "mean"),
    plain("one a row", [3, 5, 13], 0.2, "none"),
    plain("rows over two workgroups", [71, 4], 0.1, "sum"),
    plain("four columns at once", [2, 19, 36], 0.1, "mean"),
    plain("more columns than threads", [3, 300], 0.1, "none"),
    plain("one class", [2, 1], 0.1, "sum"),
    plain("nothing counts", [2, 3, 4], 0.1, "mean", { ignored: true }),
    divergence("divergence per token", [3, 5, 13], 0.1, "tokens"),
    divergence("divergence per utterance", [3, 5, 13], 0.1, "batch"),
    divergence("divergence from a hard target", [5, 3], 0, "tokens"),
    plain("decoder 16 x 40 x 2000", [16, 40, 2000], 0.1, "mean", { benchmark: true }),
  ],
};
