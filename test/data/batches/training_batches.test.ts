import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { createFrontEnd } from "../../../model/features/front_end.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { AugmentedSet } from "../../../data/augment/augmented_set.ts";
import type { AugmentConfig } from "../../../data/augment/draw.ts";
import { readNoises } from "../../../data/augment/noise_recordings.ts";
import { loadDataset } from "../../../data/dataset.ts";
import { FeatureSource, type FeatureSourceOptions } from "../../../data/features/feature_source.ts";
import { readManifest } from "../../../data/manifest/manifest.ts";
import { BucketSampler, type SamplerState } from "../../../data/batches/sampler.ts";
import { framesNeeded } from "../../../model/ctc_model.ts";
import { TrainingBatches, type TrainingBatch } from "../../../data/batches/training_batches.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../../small_corpus.ts";

const frontEnd = createFrontEnd({ kind: "fbank", fbank: { sampleRate: 8000, bins: 10 } });
const outputFrames = (frames: number): number => Math.floor(frames / 4);
const specAugment = { freqMasks: 1, freqWidth: 3, timeMasks: 2, timeWidth: 5, maxTimeRatio: 0.3, timeMaskRatio: 0.05 };
const masking = { timeProb: 0.4, timeLength: 3, timeMin: 1, channelProb: 0.5, channelLength: 2, channelMin: 0 };
const SEED = 11;

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-batches-"));
  await writeSmallCorpus(folder);
  writeManifest(at("noise.jsonl"), [
    '{"audio_filepath": "u3.wav"}',
    '{"audio_filepath": "u5.wav", "offset": 0.1, "duration": 0.1}',
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const all: AugmentConfig = {
  speed: [0.9, 1, 1.1],
  volume: { gainDb: [-6, 6], probability: 0.4 },
  noise: { manifest: "noise.jsonl", snrDb: [5, 20], probability: 0.4 },
};
const speedAlone: AugmentConfig = { ...all, volume: null, noise: null };

const sources: FeatureSource[] = [];
afterEach(() => sources.splice(0).forEach((source) => source.close()));

interface Setting extends Partial<FeatureSourceOptions> {
  augment?: AugmentConfig | null;
  state?: SamplerState;
  manifest?: string;
}

async function open({ augment = all, state, manifest = "train.jsonl", ...options }: Setting = {}) {
  const source = new FeatureSource({ frontEnd, ...options });
  sources.push(source);
  const { entries } = await readManifest(at(manifest));
  const units = CharacterUnits.fromTexts(entries.map(({ text }) => text));
  const set = await loadDataset(entries, { frontEnd, source, cmvn: null, units, outputFrames });
  const noises = augment?.noise ? await readNoises(at(augment.noise.manifest), source, () => undefined) : [];
  const augmented = new AugmentedSet(set, source, { augment, noises, seed: SEED, outputFrames });
  const sampler = new BucketSampler((epoch) => augmented.lengths(epoch), { batchSize: 2 }, SEED, state);
  return {
    augmented,
    sampler,
    source,
    batches: new TrainingBatches(
      augmented,
      sampler,
      { specAugment, masking, seed: SEED },
      { outputFrames, config: { dim: 8 } },
    ),
  };
}

async function take(batches: TrainingBatches, count: number): Promise<TrainingBatch[]> {
  const taken: TrainingBatch[] = [];
  for (let i = 0; i < count; i++) {
    taken.push(await batches.next());
    await new Promise((resolve) => setTimeout(resolve, 2)); // a step, in which others are prepared
  }
  return taken;
}

const BATCHES = 8; // two epochs and two batches

describe.each([
  ["no augmentation", null],
  ["speed", speedAlone],
  ["speed, noise and volume", all],
])("%s: the batches are the same, bit by bit,", (_, augment) => {
  let expected: TrainingBatch[];
  beforeAll(async () => {
    expected = await take((await open({ augment })).batches, BATCHES);
  });

  test("with features in memory, none of them, or some", async () => {
    for (const memoryBytes of [0, 5000])
      expect(await take((await open({ augment, memoryBytes })).batches, BATCHES)).toEqual(expected);
  });

  test("with a cache that is empty, and one that is full", async () => {
    rmSync(at("cache"), { recursive: true, force: true });
    for (const fromCache of [false, true]) {
      const { batches, source } = await open({ augment, cache: at("cache"), memoryBytes: 0 });
      expect(await take(batches, BATCHES)).toEqual(expected);
      expect(source.counts.damaged).toBe(0);
      if (fromCache && !augment?.noise) expect(source.counts.computed).toBe(0);
    }
  });

  test("resumed in the middle of an epoch, as what was prepared ahead does not count", async () => {
    const first = await open({ augment });
    const plain = new BucketSampler((epoch) => first.augmented.lengths(epoch), { batchSize: 2 }, SEED);
    for (let taken = 0; taken < BATCHES; taken++) {
      expect(first.batches.state).toEqual(plain.state);
      await take(first.batches, 1);
      plain.next();
    }
    const { batches } = await open({ augment, state: { epoch: 1, batch: 1 } });
    expect(await take(batches, BATCHES - 4)).toEqual(expected.slice(4));
  });
});

test("threads give the same batches", async () => {
  expect(await take((await open({ workers: 2, memoryBytes: 0 })).batches, BATCHES)).toEqual(
    await take((await open()).batches, BATCHES),
  );
});

test("epochs differ, and each utterance is as long as the sampler was told", async () => {
  const { augmented, batches } = await open();
  const longest = augmented.longest();
  const seen = new Set<string>();
  for (const { batch, indices, epoch } of await take(batches, 12)) {
    expect([...batch.lengths]).toEqual(indices.map((i) => augmented.lengths(epoch)[i]));
    indices.forEach((index, row) => {
      expect(batch.lengths[row]).toBeLessThanOrEqual(longest[index]!.frames);
      seen.add(`${index} ${batch.features.slice(row * batch.frames * 10, (row + 1) * batch.frames * 10).join(" ")}`);
    });
  }
  expect(seen.size).toBe(24);
});

test("an utterance that would be too short for its text at a speed keeps its own", async () => {
  writeManifest(at("tight.jsonl"), [
    { audio_filepath: "u0.wav", text: "abababababa" },
    { audio_filepath: "u1.wav", text: "a" },
  ]);
  const { augmented } = await open({ manifest: "tight.jsonl", augment: { ...speedAlone, speed: [1.25] } });
  const [tight, loose] = augmented.utterances;
  expect(outputFrames(Math.round(tight!.frames / 1.25))).toBeLessThan(framesNeeded(tight!.labels));
  expect(augmented.lengths(0)).toEqual([tight!.frames, frontEnd.frameCount(Math.round(4300 / 1.25))]);
  expect((await augmented.item(0, 0)).features).toEqual(tight!.features);
  expect((await augmented.item(1, 0)).frames).toBeLessThan(loose!.frames);
});

test("a file that is gone when its turn comes is named", async () => {
  copyFileSync(at("u0.wav"), at("gone.wav"));
  writeManifest(at("gone.jsonl"), [...corpusLines(), { audio_filepath: "gone.wav", text: "a" }]);
  const { batches } = await open({ manifest: "gone.jsonl", augment: null, memoryBytes: 0 });
  rmSync(at("gone.wav"));
  const error: unknown = await take(batches, 4).then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toBe(`${at("gone.wav")} does not exist.`);
});

describe("a bad noise manifest", () => {
  test.each<[string, string[], RegExp]>([
    [
      "with a missing file",
      ['{"audio_filepath": "u1.wav"}', '{"audio_filepath": "none.wav"}'],
      /^.*bad\.jsonl, line 2: .*none\.wav does not exist\.$/,
    ],
    [
      "with a file that is no audio",
      ['{"audio_filepath": "config.yaml"}'],
      /^.*bad\.jsonl, line 1: .*config\.yaml is not a supported audio file/,
    ],
    [
      "with a piece beyond its file",
      ['{"audio_filepath": "u1.wav", "offset": 3, "duration": 1}'],
      /^.*bad\.jsonl, line 1: .*u1\.wav is 0\.537 s long, but the piece goes from 3 s to 4 s\.$/,
    ],
    ["without an audio path", ['{"text": "hum"}'], /^.*bad\.jsonl, line 1: field "audio_filepath": /],
    ["without lines", [], /^the manifest .*bad\.jsonl has no utterances$/],
  ])("%s", async (_, lines, message) => {
    writeManifest(at("bad.jsonl"), lines);
    const error: unknown = await open({ augment: { ...all, noise: { ...all.noise!, manifest: "bad.jsonl" } } }).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
  });
});
