import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { ctcLoss, type CtcOptions } from "../../kernels/ctc_loss/ctc_loss.ts";
import { testDevice } from "../test_device.ts";

// What the case list and the reference values leave out: values that must not matter, and utterances that cannot be aligned.
const device = testDevice();
const FRAMES = 4;
const CLASSES = 3;

interface Utterance {
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  readonly frames: number;
}

const plain: Utterance = {
  logits: Array.from({ length: FRAMES * CLASSES }, (_, i) => Math.sin(i)),
  labels: [1, 2],
  frames: 3,
};

async function lossAndGradient(utterances: readonly Utterance[], options: CtcOptions) {
  const batch = utterances.length;
  const integers = (values: number[], shape: number[]) => tensor(device(), Int32Array.from(values), shape);
  const logits = leaf(
    device(),
    utterances.flatMap((u) => u.logits),
    [batch, FRAMES, CLASSES],
  );
  const targets = integers(
    utterances.flatMap(({ labels }) => [...labels, 0, 0].slice(0, 2)),
    [batch, 2],
  );
  const inputLengths = integers(
    utterances.map((u) => u.frames),
    [batch],
  );
  const targetLengths = integers(
    utterances.map((u) => u.labels.length),
    [batch],
  );
  const tape = new Tape(device());
  try {
    const loss = ctcLoss(tape, logits, targets, inputLengths, targetLengths, options);
    tape.backward(loss, tape.filled(loss.shape, 1));
    const gradient = [...(await read(device(), logits.grad!))];
    const size = FRAMES * CLASSES;
    return {
      losses: [...(await read(device(), loss))],
      gradients: utterances.map((_, b) => gradient.slice(b * size, (b + 1) * size)),
    };
  } finally {
    tape.end();
  }
}

describe("ctcLoss", () => {
  it("does not read frames behind the end", async () => {
    const padded = { ...plain, logits: plain.logits.map((value, i) => (i < plain.frames * CLASSES ? value : NaN)) };
    expect(await lossAndGradient([padded], { reduction: "none" })).toEqual(
      await lossAndGradient([plain], { reduction: "none" }),
    );
  });

  it("gives an utterance without a path 0 or ∞, no gradient, and its mates what they have alone", async () => {
    const alone = await lossAndGradient([plain], { reduction: "none" });
    const impossible = [
      { ...plain, labels: [1, 1], frames: 2 },
      { ...plain, labels: [1, CLASSES] },
      { ...plain, labels: [-7] },
      { ...plain, frames: 0 },
    ];
    for (const bad of impossible)
      for (const zeroInfinity of [true, false]) {
        const { losses, gradients } = await lossAndGradient([bad, plain], { reduction: "none", zeroInfinity });
        expect(losses).toEqual([zeroInfinity ? 0 : Infinity, alone.losses[0]]);
        expect(gradients).toEqual([new Array<number>(FRAMES * CLASSES).fill(0), alone.gradients[0]]);
      }
    const { losses } = await lossAndGradient([impossible[0]!, plain], { reduction: "sum", zeroInfinity: false });
    expect(losses).toEqual([Infinity]);
  });

  it("stays finite when a frame rules classes out", async () => {
    const logits = plain.logits.map((value, i) => (i === 1 || i === 5 ? -Infinity : value));
    const { losses, gradients } = await lossAndGradient([{ ...plain, logits }], { reduction: "batch" });
    expect([...losses, ...gradients.flat()].every(Number.isFinite)).toBe(true);
  });

  it("is NaN, and not 0 as without a path, where a logit is NaN or infinite", async () => {
    for (const wrong of [NaN, Infinity]) {
      const logits = plain.logits.map((value, i) => (i === 4 ? wrong : value));
      const { losses } = await lossAndGradient([{ ...plain, logits }, plain], { reduction: "none" });
      expect(losses.map(Number.isFinite)).toEqual([false, true]);
    }
  });

  it("names the argument that does not fit", async () => {
    await expect(lossAndGradient([plain], { blank: CLASSES })).rejects.toThrow(
      "ctcLoss: blank: expected a class below 3, got 3",
    );
  });
});
