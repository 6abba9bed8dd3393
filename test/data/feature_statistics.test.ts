import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { configToYaml } from "../../config/yaml.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { computeStatistics } from "../../data/feature_statistics.ts";
import { readStatistics } from "../../data/features/read_statistics.ts";
import { loadTrainingData } from "../../data/training_data.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const config = (...overrides: string[]) => loadConfig(at("config.yaml"), ["data.cache=false", ...overrides]);
const compute = (manifest: string, out: string, force = false) =>
  computeStatistics(at(manifest), config(), { out: at(out), force, observer: silentObserver });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-statistics-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  return (error as Error).message.replaceAll(`${folder}/`, "");
}

test("are those of training, and a config can name them", async () => {
  const { cmvn, utterances, warnings } = await compute("train.jsonl", "cmvn.json");
  expect([utterances, warnings]).toEqual([6, []]);
  const computed = await loadTrainingData(config(), { observer: silentObserver });
  expect(cmvn).toEqual(computed.train.cmvn);

  // Those of dev are others, which shows that the file counts and not the training set.
  const { cmvn: ofDev } = await compute("dev.jsonl", "dev.json");
  expect(ofDev.mean).not.toEqual(cmvn.mean);
  const named = config("data.cmvn=dev.json");
  const given = await loadTrainingData(named, { observer: silentObserver });
  expect(given.train.cmvn).toEqual(ofDev);
  expect(given.dev.cmvn).toEqual(ofDev);
  expect(given.train.utterances[0]?.features).not.toEqual(computed.train.utterances[0]?.features);
  expect(configToYaml(named)).toContain("cmvn: dev.json\n");
  computed.source.close();
  given.source.close();
});

test("leave out what training does, and say so", async () => {
  writeManifest(at("long.jsonl"), [...corpusLines(), { audio_filepath: "u0.wav", text: "ab".repeat(40), id: "long" }]);
  const { cmvn, warnings } = await compute("long.jsonl", "long.json");
  expect(cmvn.mean).toEqual(readStatistics(at("cmvn.json"), 10).mean);
  expect(warnings).toEqual([expect.stringMatching(/^skipped 1 of 7 utterances: long \(too short for its text/)]);
});

test("bad input", async () => {
  writeFileSync(at("kept.json"), "mine");
  expect(await messageOf(compute("train.jsonl", "kept.json"))).toBe("kept.json already exists; --force replaces it");
  expect(readFileSync(at("kept.json"), "utf8")).toBe("mine");
  writeManifest(at("missing.jsonl"), [{ audio_filepath: "none.wav", text: "a" }]);
  expect(await messageOf(compute("missing.jsonl", "new.json"))).toBe("missing.jsonl, line 1: none.wav does not exist.");
  expect(existsSync(at("new.json"))).toBe(false);

  const training = (name: string, ...more: string[]) =>
    messageOf(loadTrainingData(config(`data.cmvn=${name}`, ...more), { observer: silentObserver }));
  expect(await training("no.json")).toBe("cannot read the feature statistics no.json: there is no such file");
  expect(await training("kept.json")).toBe("kept.json is not valid JSON.");
  expect(await training("train.jsonl")).toBe("train.jsonl is not valid JSON.");
  expect(await training("dev.json", "features.bins=12")).toBe(
    "dev.json has statistics for 10 bins, but the config's features have 12",
  );
});
