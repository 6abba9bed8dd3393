import { beforeAll, describe, expect, it } from "vitest";
import type { BuiltModel } from "../../checkpoint/build_model.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import type { LazyItem } from "../../data/item.ts";
import type { FusedPrefix, Fusion } from "../../model/decode/fusion.ts";
import { JointSearch, type JointHypothesis } from "../../model/decode/joint_search.ts";
import type { DecoderSearch } from "../../recognition/decoder_search.ts";
import { decoderSearch } from "../../recognition/decoder_search.ts";
import { forEachPosterior } from "../../recognition/posteriors.ts";
import { recognise } from "../../recognition/recognise.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel, withLargeWeights } from "../train/small_model.ts";
import { waves } from "./waves.ts";

const BINS = 10;
const device = testDevice();
const config = smallConfig("model.decoder={blocks: 2, feed_forward_dim: 16}");
const schedules = evaluatedPaths(config).map(({ schedule }) => schedule);

const utterance = (frames: number, key: number): LazyItem => ({
  frames,
  labels: new Int32Array(),
  features: waves(frames, BINS, key),
});
const utterances = [utterance(41, 1), utterance(73, 2), utterance(15, 3), utterance(60, 4), utterance(7, 5)];

let built: BuiltModel;
beforeAll(() => void (built = withLargeWeights(smallModel(device(), config), 0.5)));

const joint: DecoderSearch = { kind: "joint", ctcWeight: 0.3, lengthBonus: 2 };

/** What a search finds in each utterance along the deep path. */
async function found(decoding: DecoderSearch, items = utterances, batchSize = 16) {
  const results: JointHypothesis[][] = [];
  const decode = decoderSearch(device(), built.model, decoding, { beam: 4 });
  const path = schedules.slice(-1);
  await forEachPosterior(device(), built.model, items, path, { batchSize, decode }, (_, i, __, ___, hypotheses) => {
    results[i] = [...hypotheses!];
  });
  return results;
}

describe.each<DecoderSearch["kind"]>(["joint", "attention", "rescore"])("%s", (kind) => {
  const search = { ...joint, kind };

  it("finds in an utterance what it finds in it alone", async () => {
    const together = await found(search);
    const alone = await Promise.all(utterances.map(async (item) => (await found(search, [item]))[0]!));
    for (const [i, list] of together.entries()) {
      expect(list.map(({ labels }) => [...labels])).toEqual(alone[i]!.map(({ labels }) => [...labels]));
      list.forEach(({ score }, place) => expect(score).toBeCloseTo(alone[i]![place]!.score, 3));
    }
    expect(together.some(([best]) => best!.labels.length > 1)).toBe(true);
  });

  it.each([1, 8])("finds empty and one-token texts in a single frame, %i kept", async (beam) => {
    const decode = decoderSearch(device(), built.model, search, { beam });
    const lists: (readonly JointHypothesis[])[] = [];
    await forEachPosterior(
      device(),
      built.model,
      [utterance(7, 5)],
      schedules.slice(-1),
      { decode },
      (...[, , , , list]) => {
        lists.push(list!);
      },
    );
    expect(lists[0]!.length).toBeGreaterThan(0);
    for (const { labels, score } of lists[0]!)
      expect([labels.length <= 1, Number.isFinite(score)]).toEqual([true, true]);
    if (beam > 6) expect(new Set(lists[0]!.map(({ labels }) => labels.length))).toEqual(new Set([0, 1])); // there are six
  });

  it("never says the blank or the end of the sentence", async () => {
    for (const list of await found(search))
      for (const { labels } of list) expect([...labels].every((label) => label > 0 && label < 6)).toBe(true);
  });

  it("ranks by the score that its parts add up to", async () => {
    for (const list of await found(search)) {
      expect(list.map(({ score }) => score)).toEqual(list.map(({ score }) => score).sort((a, b) => b - a));
      for (const { labels, score, attention, ctc } of list) {
        const parts = {
          joint: 0.3 * ctc + 0.7 * attention + 2 * labels.length,
          attention: attention + 2 * labels.length,
          rescore: 0.3 * ctc + 0.7 * attention,
        };
        expect(score).toBeCloseTo(parts[kind], 4);
      }
    }
  });
});

it("token by token and all at once, the decoder gives a text the same probability, and so does CTC", async () => {
  const [stepwise, whole] = await Promise.all([found(joint), found({ ...joint, kind: "rescore" })]);
  let compared = 0;
  for (const [i, list] of stepwise.entries())
    for (const hypothesis of list) {
      const other = whole[i]!.find(({ labels }) => labels.join() === hypothesis.labels.join());
      if (!other) continue;
      compared++;
      expect(hypothesis.attention).toBeCloseTo(other.attention, 3);
      expect(other.ctc).toBeLessThan(hypothesis.ctc + 1e-3); // the beam search may have lost some alignments
    }
  expect(compared).toBeGreaterThan(3);
});

it("rescoring gives the same in several passes, where a device binds too little for one", async () => {
  const search: DecoderSearch = { ...joint, kind: "rescore" };
  const whole = await found(search);
  const { limits } = device();
  const little = 4 * 4 * 9 * 16; // less than two utterances' widest tensors
  Object.defineProperty(device(), "limits", { value: { maxStorageBufferBindingSize: little }, configurable: true });
  const parts = await found(search).finally(() =>
    Object.defineProperty(device(), "limits", { value: limits, configurable: true }),
  );
  expect(parts.map((list) => list.length)).toEqual(whole.map((list) => list.length));
  for (const [i, list] of parts.entries())
    for (const { labels, attention } of list) {
      const same = whole[i]!.find((other) => other.labels.join() === labels.join());
      expect(attention).toBeCloseTo(same!.attention, 4);
    }
});

it("recognise gives a search's best of each utterance and path", async () => {
  const results = await recognise(device(), built.model, utterances, schedules, { beam: 4, decoding: joint });
  const deep = await found(joint);
  expect(results.at(-1)!.hypotheses.map(({ labels }) => [...labels])).toEqual(deep.map(([best]) => [...best!.labels]));
});

it("without the decoder, CTC never says the end of the sentence", async () => {
  for (const { hypotheses } of await recognise(device(), built.model, utterances, schedules, { beam: 8 }))
    for (const { labels } of hypotheses) expect(Math.max(0, ...labels)).toBeLessThan(6);
});

it("needs a model with a decoder", () => {
  const { model } = smallModel(device());
  expect(() => decoderSearch(device(), model, joint, {})).toThrow(
    "the search 'joint' needs a model with a decoder, but this one has CTC alone",
  );
});

describe("a search", () => {
  const utteranceOf = (frames: number) => ({
    logProbs: new Float32Array(frames * 3).fill(Math.log(1 / 3)),
    vocab: 3,
    blank: 0,
  });

  it("of no frames finds the empty text", () => {
    const search = new JointSearch(utteranceOf(0), { beam: 2, ctcWeight: 0.5 });
    search.advance(new Float32Array(6).fill(-1));
    expect(search.done).toBe(true);
    expect(search.found).toMatchObject([{ labels: new Int32Array(), attention: -1, ctc: 0, score: -0.5 }]);
  });

  it("finds nothing in an utterance that cannot end", () => {
    const search = new JointSearch(utteranceOf(2), { beam: 2, ctcWeight: 0 });
    while (!search.done) search.advance(Float32Array.from({ length: 6 }, (_, i) => (i % 3 === 2 ? -Infinity : -1)));
    expect(search.found).toEqual([]);
  });

  it("follows a label that the language model prefers, though the decoder alone would not", () => {
    const vocab = 9;
    const uniform = { logProbs: new Float32Array(2 * vocab).fill(-Math.log(vocab)), vocab, blank: 0 };
    // The decoder likes labels in their order, the language model only label 7.
    const next = Float32Array.from({ length: vocab }, (_, label) => (label === vocab - 1 ? -4 : -1 - label / 10));
    const score = (lm: number) => ({ lm, count: 0, score: lm });
    const fusion = {
      begin: score(0),
      maxGain: 0,
      extend: ({ lm }: FusedPrefix, label: number) => score(lm - (label === 7 ? 0 : 5)),
      end: (prefix: FusedPrefix) => prefix,
    };
    const best = (given: Fusion | null) => {
      const search = new JointSearch(uniform, { beam: 1, preBeam: 1, ctcWeight: 0, lengthBonus: 10, fusion: given });
      while (!search.done) search.advance(next);
      return [...search.found[0]!.labels];
    };
    expect(best(null)).toEqual([1, 1]);
    expect(best(fusion)).toEqual([7, 7]);
  });

  it("of CTC alone follows what CTC likes, whatever a language model says of it", () => {
    const [vocab, said] = [9, 5];
    const logProbs = Float32Array.from({ length: 2 * vocab }, (_, i) => (i % vocab === said ? -0.01 : -7));
    const score = (lm: number) => ({ lm, count: 0, score: lm });
    const fusion = {
      begin: score(0),
      maxGain: 0,
      extend: ({ lm }: FusedPrefix, label: number) => score(lm - (label === said ? 0.5 : 0.1)),
      end: (prefix: FusedPrefix) => prefix,
    };
    const search = new JointSearch({ logProbs, vocab, blank: 0 }, { beam: 1, ctcWeight: 1, fusion });
    while (!search.done) search.advance(new Float32Array(vocab).fill(-2));
    expect([...search.found[0]!.labels]).toEqual([said]);
  });

  it("ends once three lengths in a row were hopeless", () => {
    const search = new JointSearch(utteranceOf(1000), { beam: 2, ctcWeight: 0 });
    let tokens = 0;
    for (; !search.done; tokens++) search.advance(Float32Array.from({ length: 6 }, (_, i) => (i % 3 === 2 ? -1 : -4)));
    expect(tokens).toBe(6); // 4 nats worse with each label, so lengths 3, 4 and 5 are more than 10 behind
    expect(search.found[0]!.labels).toHaveLength(0);
  });

  it.each<[object, string]>([
    [{ beam: 0, ctcWeight: 0.3 }, "JointSearch: beam is 0, expected 1 or more"],
    [{ beam: 2, ctcWeight: 1.5 }, "JointSearch: ctcWeight is 1.5, expected a number from 0 to 1"],
  ])("refuses %o", (options, message) => {
    expect(() => new JointSearch(utteranceOf(1), options as { beam: number; ctcWeight: number })).toThrow(message);
  });
});
