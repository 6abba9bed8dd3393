import { beforeAll, describe, expect, it } from "vitest";
import { host } from "../../kernels/case.ts";
import { ctcReference } from "../../kernels/ctc_loss/reference.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import type { BuiltModel } from "../../checkpoint/build_model.ts";
import type { Utterance } from "../../data/dataset.ts";
import { ratesByDepth, evaluate } from "../../recognition/evaluation/evaluate.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { forEachPosterior } from "../../recognition/posteriors.ts";
import { recognise } from "../../recognition/recognise.ts";
import { testDevice } from "../test_device.ts";
import { withLargeWeights, smallConfig, smallModel } from "../train/small_model.ts";
import { waves } from "./waves.ts";

const BINS = 10;
const device = testDevice();
const config = smallConfig();
const paths = evaluatedPaths(config);
const schedules = paths.map(({ schedule }) => schedule);
const units = new CharacterUnits([" ", "a", "b", "c", "d"]);

const utterance = (frames: number, key: number, text = "a b"): Utterance => ({
  id: `u${key}`,
  text,
  speaker: null,
  seconds: frames / 100,
  frames,
  labels: new Int32Array(),
  features: waves(frames, BINS, key),
});
const utterances = [utterance(41, 1), utterance(73, 2), utterance(15, 3), utterance(60, 4), utterance(7, 5)];

let built: BuiltModel;
beforeAll(() => void (built = withLargeWeights(smallModel(device()), 1)));

/** A model that says nothing but this class. */
function biased(label: number): BuiltModel {
  const model = smallModel(device());
  model.parameters.write(
    "ctc_lo.bias",
    Float32Array.from({ length: 6 }, (_, i) => (i === label ? 100 : 0)),
  );
  return model;
}

/** Mean CTC loss at each depth by the float64 reference, of log-probabilities that were computed one utterance at a time. */
async function referenceLosses(spoken: readonly Utterance[]): Promise<number[]> {
  const sums = paths.map(() => 0);
  for (const { text, ...item } of spoken) {
    const labels = units.encode(text);
    await forEachPosterior(device(), built.model, [item], schedules, {}, (logProbs, _, path) => {
      const frames = logProbs.length / units.size;
      const inputs = {
        logits: host([1, frames, units.size], (i) => logProbs[i]!),
        targets: host([1, labels.length], (i) => labels[i]!),
        inputLengths: host([1], () => frames),
        targetLengths: host([1], () => labels.length),
      };
      sums[path]! += ctcReference(inputs, { blank: 0, reduction: "none", fromLogProbs: true }).data[0]!;
    });
  }
  return sums.map((sum) => sum / spoken.length);
}

describe("recognise", () => {
  it.each([undefined, 4])(
    "batches give what each utterance gives alone, in the order asked for (beam %s)",
    async (beam) => {
      const together = await recognise(device(), built.model, utterances, schedules, { beam, batchSize: 3 });
      const alone = await Promise.all(
        utterances.map(async (u) => recognise(device(), built.model, [u], schedules, { beam })),
      );
      for (const path of paths.keys()) {
        const texts = together[path]!.hypotheses.map(({ labels }) => units.decode(labels));
        expect(texts).toEqual(alone.map((one) => units.decode(one[path]!.hypotheses[0]!.labels)));
        expect(new Set(together[path]!.hypotheses.map(({ score }) => score.toFixed(1))).size).toBe(utterances.length); // else the order would not show
        together[path]!.hypotheses.forEach(({ score }, i) =>
          expect(score).toBeCloseTo(alone[i]![path]!.hypotheses[0]!.score, 3),
        );
      }
    },
  );

  it("a model that hears padding never hears any: batches give what each utterance gives alone", async () => {
    const { model } = withLargeWeights(smallModel(device(), smallConfig("model.conv_mask=none")), 1);
    const together = await recognise(device(), model, utterances, schedules, { batchSize: 5 });
    const alone = await Promise.all(utterances.map(async (u) => recognise(device(), model, [u], schedules)));
    for (const path of paths.keys())
      expect(together[path]!.hypotheses).toEqual(alone.map((one) => one[path]!.hypotheses[0]));
  });

  it("depths computed together give what each gives alone", async () => {
    const together = await recognise(device(), built.model, utterances, schedules);
    for (const [i, schedule] of schedules.entries())
      expect(
        (await recognise(device(), built.model, utterances, [schedule]))[0]!.hypotheses.map(({ labels }) => labels),
      ).toEqual(together[i]!.hypotheses.map(({ labels }) => labels));
  });

  it("a collapsed model gives blanks in every real frame, and an empty text; another one none", async () => {
    const [collapsed] = await recognise(device(), biased(0).model, utterances, [schedules[0]!]);
    expect(collapsed!.blankRatio).toBe(1);
    expect(collapsed!.hypotheses.map(({ labels }) => [...labels])).toEqual(utterances.map(() => []));
    const [talking] = await recognise(device(), biased(2).model, utterances, [schedules[0]!]);
    expect(talking!.blankRatio).toBe(0);
    expect(talking!.hypotheses.map(({ labels }) => [...labels])).toEqual(utterances.map(() => [2]));
  });

  it("references change nothing of the hypotheses, to the last bit of their scores", async () => {
    const references = utterances.map((_, i) => (i === 2 ? null : Int32Array.of(2, 3)));
    const [plain, scored] = [
      await recognise(device(), built.model, utterances, schedules),
      await recognise(device(), built.model, utterances, schedules, { references }),
    ];
    expect(scored.map((result) => ({ ...result, loss: undefined }))).toEqual(plain);
    expect(scored.every(({ loss }) => loss! > 0)).toBe(true);
  });

  it("reports progress up to the end", async () => {
    const seen: [number, number][] = [];
    await recognise(device(), built.model, utterances, [schedules[0]!], {
      batchSize: 2,
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(seen).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
  });

  it("of nothing gives nothing", async () => {
    expect(await recognise(device(), built.model, [], [schedules[0]!])).toEqual([{ hypotheses: [], blankRatio: 0 }]);
  });
});

describe("evaluate", () => {
  it("counts words and characters over all utterances, at each depth", async () => {
    const texts = ["a", "a b", "b", "", "a"].map((text, i) => ({ ...utterances[i]!, text }));
    const scores = await evaluate(device(), biased(2).model, texts, paths, units); // says "a" each time
    expect(scores.map(({ depth }) => depth)).toEqual([2, 4]);
    for (const { words, characters, wer, cer, realTimeFactor, utterances: scored } of scores) {
      expect(words).toEqual({ substitutions: 1, deletions: 1, insertions: 1, references: 5 });
      expect(characters).toEqual({ substitutions: 1, deletions: 2, insertions: 1, references: 6 });
      expect([wer, cer, realTimeFactor]).toEqual([3 / 5, 4 / 6, null]);
      expect(scored.map(({ id, reference, hypothesis }) => [id, reference, hypothesis])).toEqual(
        texts.map(({ id, text }) => [id, text, "a"]),
      );
    }
  });

  it("with loss, gives the CTC loss of the log-posteriors, and the same hypotheses", async () => {
    // Left out: one with a character that is no unit, and one whose 3 labels do not fit in its frames; an empty text counts.
    const texts = ["a b", "abba", "", "aöb", "aaa"].map((text, i) => ({ ...utterances[i]!, text }));
    const [plain, withLoss] = [
      await evaluate(device(), built.model, texts, paths, units, { batchSize: 2 }),
      await evaluate(device(), built.model, texts, paths, units, { batchSize: 2, loss: true }),
    ];
    const expected = await referenceLosses(texts.slice(0, 3));
    expect(withLoss.map((score) => ({ ...score, loss: undefined }))).toEqual(plain);
    expect(plain.map(({ loss }) => loss)).toEqual([undefined, undefined]);
    withLoss.forEach(({ loss }, i) => expect(loss! / expected[i]!).toBeCloseTo(1, 5));
    expect(Math.abs(expected[0]! / expected[1]! - 1)).toBeGreaterThan(1e-3); // else mixed-up depths would not show
  });

  it("has no loss where no text can be scored", async () => {
    const [score] = await evaluate(device(), built.model, [{ ...utterances[0]!, text: "ö" }], [paths[0]!], units, {
      loss: true,
    });
    expect(score!.loss).toBeUndefined();
    expect(ratesByDepth([score!])).not.toHaveProperty("loss");
  });

  it("timed, it computes each depth by itself, with the same result", async () => {
    const seen: number[] = [];
    const timed = await evaluate(device(), built.model, utterances, paths, units, {
      timed: true,
      onProgress: (done, total) => seen.push(done / total),
    });
    const together = await evaluate(device(), built.model, utterances, paths, units);
    expect(timed.map((score) => ({ ...score, realTimeFactor: null }))).toEqual(together);
    expect(timed.every(({ realTimeFactor }) => realTimeFactor! > 0)).toBe(true);
    expect(seen).toEqual([0.5, 1]);
  });
});
