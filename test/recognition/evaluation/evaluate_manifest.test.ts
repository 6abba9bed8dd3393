import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { subsampledLength } from "../../../model/conformer/subsampling.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { alignManifest } from "../../../recognition/alignment/align_manifest.ts";
import type { Recogniser } from "../../../recognition/recogniser.ts";
import { buildFrontEnd } from "../../../config/front_end.ts";
import { loadDataset } from "../../../data/dataset.ts";
import { FeatureSource } from "../../../data/features/feature_source.ts";
import { readManifest, type Manifest } from "../../../data/manifest/manifest.ts";
import { evaluatedPaths, type DepthPath } from "../../../config/depths.ts";
import { evaluateManifest } from "../../../recognition/evaluation/evaluate_manifest.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../../small_corpus.ts";
import { testDevice } from "../../test_device.ts";
import { smallConfig, smallModel } from "../../train/small_model.ts";

/* Evaluation and alignment find features as training does: the cache of the config changes no result, and threads are ended. */

const device = testDevice();
const config = smallConfig("data.sample_rate=8000");
const paths = evaluatedPaths(config);

let folder: string;
let manifest: Manifest;
let recogniser: Recogniser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-evaluate-"));
  await writeSmallCorpus(folder);
  manifest = await readManifest(join(folder, "train.jsonl"));
  const [frontEnd, units] = [buildFrontEnd(config), new CharacterUnits([" ", "a", "b", "c", "d"])];
  const { cmvn } = await loadDataset(manifest.entries, { frontEnd, cmvn: null, units, outputFrames: subsampledLength });
  recogniser = { ...smallModel(device(), config), config, units, frontEnd, cmvn, checkpoint: undefined as never };
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

const withCache = (cache: string | false): Recogniser => ({
  ...recogniser,
  config: { ...config, data: { ...config.data, cache } },
});
const evaluated = async (cache: string | false, of = manifest) => {
  const scores = await evaluateManifest(
    device(),
    withCache(cache),
    of,
    paths,
    { beam: null, lm: null },
    silentObserver,
  );
  return scores.map((score) => ({ ...score, realTimeFactor: null }));
};
const aligned = (cache: string | false) =>
  alignManifest(device(), withCache(cache), manifest, paths.at(-1) as DepthPath, silentObserver);

it.each<[string, (cache: string | false) => Promise<object[]>]>([
  ["an evaluation", evaluated],
  ["an alignment", aligned],
])(
  "%s is the same without a cache, with an empty and with a full one, each time closing its source",
  async (name, work) => {
    const closing = vi.spyOn(FeatureSource.prototype, "close");
    const cache = join(folder, name);
    const found = [await work(false), await work(cache), await work(cache)];
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
    expect(found[0]!.length).toBeGreaterThan(0);
    expect(closing.mock.contexts.map((source) => (source as FeatureSource).counts)).toEqual([
      { cache: 0, computed: 6, damaged: 0 },
      { cache: 0, computed: 6, damaged: 0 },
      { cache: 6, computed: 0, damaged: 0 },
    ]);
  },
);

it("a file that cannot be read ends it, and its source", async () => {
  writeManifest(join(folder, "missing.jsonl"), [...corpusLines(), { audio_filepath: "nothing.wav", text: "a" }]);
  const closing = vi.spyOn(FeatureSource.prototype, "close");
  await expect(evaluated(false, await readManifest(join(folder, "missing.jsonl")))).rejects.toThrow(
    /missing\.jsonl, line 7: .*nothing\.wav does not exist\.$/u,
  );
  expect(closing).toHaveBeenCalledTimes(1);
});
