import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { subsampledLength } from "../../model/conformer/subsampling.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import { loadDataset } from "../../data/dataset.ts";
import { readManifest, type Manifest } from "../../data/manifest/manifest.ts";
import { evaluateManifestAndPaths } from "../../recognition/evaluation/evaluate_manifest.ts";
import { mergeScores, type SharedScores } from "../../recognition/evaluation/merge_scores.ts";
import type { Recogniser } from "../../recognition/recogniser.ts";
import { wholeSet, type Place } from "../../recognition/shares.ts";
import { mergeTranscriptions, transcribeFiles } from "../../recognition/transcribe.ts";
import type { Transcript } from "../../recognition/transcript.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { corpusLines, writeSmallCorpus } from "../small_corpus.ts";
import { largestDifference } from "../train/parallel/runs.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel, withLargeWeights } from "../train/small_model.ts";

/* What several processes recognise of a set is together what one does. Here one process plays all of them. */

const device = testDevice();
const config = smallConfig("data.sample_rate=8000", "data.cache=false");
const paths = evaluatedPaths(config);

let folder: string;
let manifest: Manifest;
let recogniser: Recogniser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-shares-"));
  await writeSmallCorpus(folder);
  const read = await readManifest(join(folder, "train.jsonl"));
  manifest = { ...read, entries: Array.from({ length: 6 }, () => read.entries).flat() }; // 36: batches of 16, 16 and 4
  const [frontEnd, units] = [buildFrontEnd(config), new CharacterUnits([" ", "a", "b", "c", "d"])];
  const { cmvn } = await loadDataset(read.entries, { frontEnd, cmvn: null, units, outputFrames: subsampledLength });
  const built = withLargeWeights(smallModel(device(), config), 1);
  recogniser = { ...built, config, units, frontEnd, cmvn, checkpoint: undefined as never };
});
afterAll(() => rmSync(folder, { recursive: true }));

const placesOf = (size: number): Place[] => Array.from({ length: size }, (_, rank) => ({ rank, size }));

/** As it comes from another process. */
const sent = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

it.each([2, 4])("an evaluation by %i", async (size) => {
  const evaluated = async (place: Place): Promise<SharedScores> => {
    const settings = { beam: null, lm: null };
    const options = { timed: size > 2, place };
    return evaluateManifestAndPaths(device(), recogniser, manifest, paths, [], settings, silentObserver, options);
  };
  const parts: SharedScores[] = [];
  for (const place of placesOf(size)) parts.push(sent(await evaluated(place)));
  expect(parts.map(({ indices }) => indices.length)).toEqual(size === 2 ? [20, 16] : [16, 16, 4, 0]);
  const untimed = (scores: SharedScores["scores"]) =>
    scores.map(({ realTimeFactor, ...score }) => ({ ...score, timed: realTimeFactor !== null }));
  const { scores } = await evaluated(wholeSet);
  expect(untimed(mergeScores(parts))).toEqual(untimed(scores).map(({ loss: _, ...score }) => score));
  expect(scores[0]?.utterances).toHaveLength(36);
});

it("a transcription, also of long files in chunks and of such as cannot be read", async () => {
  const names = [
    ...Array.from({ length: 6 }, () => corpusLines())
      .flat()
      .map((line) => line.audio_filepath),
    "none.wav",
  ];
  const files = names.map((name) => join(folder, name));
  const transcribed = (place: Place) =>
    transcribeFiles(device(), recogniser, files, paths.at(-1) as DepthPath, silentObserver, {
      chunks: { chunk: 0.6, overlap: 0.1 },
      timestamps: true,
      place,
    });
  const parts = [];
  for (const place of placesOf(2)) {
    const { faults, ...part } = await transcribed(place);
    parts.push(sent({ ...part, faults: faults.map(({ message }) => ({ message })) }));
  }
  for (const { indices } of parts) expect(indices.length).toBeGreaterThan(10);
  const [together, alone] = [mergeTranscriptions(parts), await transcribed(wholeSet)];
  const whole = (all: readonly Transcript[]) => all.filter(({ seconds }) => seconds <= 0.6);
  const long = (all: readonly Transcript[]) => all.filter(({ seconds }) => seconds > 0.6);
  expect(whole(together.transcripts)).toEqual(whole(alone.transcripts));
  // Chunks of different files share a batch, whose size decides the last bits.
  expect(largestDifference(long(together.transcripts), long(alone.transcripts))).toBeLessThan(1e-5);
  expect(together.transcripts).toHaveLength(36);
  expect(together.faults).toEqual(alone.faults);
  expect(together.faults).toHaveLength(1);
  expect(together.audioSeconds).toBeCloseTo(alone.audioSeconds, 9);
});

it("processes that found other audio are refused", () => {
  const part = { indices: [], scores: [], frames: 0, seconds: 0 };
  expect(() =>
    mergeScores([
      { ...part, plan: [3, 4] },
      { ...part, plan: [3, 4] },
      { ...part, plan: [3] },
    ]),
  ).toThrow(
    new UserError(
      "rank 2 found other audio than rank 0, or has less memory: they cannot share it out; all machines must see the same files",
    ),
  );
});
