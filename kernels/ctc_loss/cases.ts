import type { KernelCase, OperationCases } from "../case.ts";
import { ctcLoss } from "./ctc_loss.ts";
import { ctcGradients, ctcReference, type ReferenceOptions } from "./reference.ts";

interface Sizes {
  readonly frames: number;
  readonly classes: number;
  /** Labels of each utterance. */
  readonly labels: readonly number[];
  /** Frames of each utterance. */
  readonly lengths: readonly number[];
}

/** Labels that come in runs of two, so that blanks are needed; none is the blank, which is 0 or the last class. */
function ctcCase(name: string, sizes: Sizes, more: Partial<ReferenceOptions> = {}, benchmark = false): KernelCase {
  const { frames, classes, labels, lengths } = sizes;
  const options: ReferenceOptions = { blank: 0, reduction: "batch", fromLogProbs: false, ...more };
  const batch = labels.length;
  const longest = Math.max(...labels);
  const states = 2 * longest + 1;
  const label = (i: number): number => ((Math.floor(i / 2) * 5) % (classes - 1)) + (options.blank === 0 ? 1 : 0);
  return {
    name,
    inputs: {
      logits: { shape: [batch, frames, classes] },
      targets: { shape: [batch, longest], dtype: "i32", value: label },
      inputLengths: { shape: [batch], dtype: "i32", value: (b) => lengths[b] as number },
      targetLengths: { shape: [batch], dtype: "i32", value: (b) => labels[b] as number },
    },
    run: (tape, { logits, targets, inputLengths, targetLengths }) =>
      ctcLoss(tape, logits!, targets!, inputLengths!, targetLengths!, options),
    reference: (inputs) => ctcReference(inputs, options),
    referenceGradients: (inputs, dy) => ctcGradients(inputs, options, dy),
    flops: batch * frames * (4 * classes + 12 * states),
    bytes: 4 * batch * frames * (classes + states),
    benchmark,
  };
}

const same = (count: number, value: number): number[] => new Array<number>(count).fill(value);

const odd: Sizes = { frames: 13, classes: 7, labels: [4, 1, 3], lengths: [13, 9, 11] };
const degenerate: Sizes = { frames: 5, classes: 4, labels: [2, 0, 0, 5], lengths: [0, 0, 4, 5] };

export const cases: OperationCases = {
  operation: "ctc_loss",
  cases: [
    ctcCase("odd", odd),
    ctcCase("one an utterance, blank last", odd, { reduction: "none", blank: 6 }),
    ctcCase("per label", odd, { reduction: "mean" }),
    ctcCase("log-probabilities", odd, { reduction: "sum", fromLogProbs: true }),
    ctcCase("no frames, no labels, too few frames", degenerate, { reduction: "none" }),
    ctcCase("one frame", { frames: 1, classes: 3, labels: [1, 0], lengths: [1, 1] }),
    ctcCase("no label anywhere", { frames: 3, classes: 3, labels: [0, 0], lengths: [3, 2] }),
    ctcCase("labels repeat, classes in blocks of four", {
      frames: 43,
      classes: 8,
      labels: [12, 9, 0],
      lengths: [43, 40, 17],
    }),
    ctcCase(
      "log-probabilities in blocks of four, blank last",
      { frames: 12, classes: 4, labels: [3, 5], lengths: [12, 11] },
      { blank: 3, fromLogProbs: true },
    ),
    ctcCase(
      "states over two workgroups",
      { frames: 61, classes: 9, labels: [37, 5], lengths: [61, 40] },
      { reduction: "none" },
    ),
    ctcCase("utterances over a workgroup", { frames: 4, classes: 3, labels: same(67, 2), lengths: same(67, 4) }),
    ctcCase("characters 16 x 65", { frames: 65, classes: 28, labels: same(16, 20), lengths: same(16, 65) }, {}, true),
    ctcCase(
      "word pieces 16 x 400",
      { frames: 400, classes: 500, labels: same(16, 60), lengths: same(16, 400) },
      {},
      true,
    ),
  ],
};
