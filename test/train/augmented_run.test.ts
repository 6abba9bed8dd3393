import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { readLog } from "../../train/log/log.ts";
import { train } from "../../train/main.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { writeManifest, writeSmallCorpus } from "../small_corpus.ts";
import { testDevice } from "../test_device.ts";

/*
 * Training on augmented audio: a run that was interrupted and resumed, reading its features in another way, has the losses
 * of one that was not.
 */

const device = testDevice();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-augmented-"));
  await writeSmallCorpus(folder);
  writeManifest(at("noise.jsonl"), ['{"audio_filepath": "u3.wav"}', '{"audio_filepath": "u5.wav"}']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const AUGMENT = [
  "augment.speed=[0.9, 1, 1.1]",
  "augment.noise.manifest=noise.jsonl",
  "augment.volume.probability=0.5",
  "spec_augment.time_mask_ratio=0.05",
];

async function run(name: string, sets: string[], stopAfter = Infinity, resume = false): Promise<unknown> {
  const stopped = new AbortController();
  const config = loadConfig(at("config.yaml"), [
    "steps=6",
    "batch.accumulate=1",
    "log.every_steps=1",
    "eval.every_steps=3",
    ...AUGMENT,
    ...sets,
  ]);
  const record = (entry: { type: string; step?: number }): void => {
    if (entry.type === "step" && entry.step === stopAfter) stopped.abort();
  };
  return train(device(), config, {
    folder: at(name),
    resume,
    signal: stopped.signal,
    observer: { ...silentObserver, record },
  });
}

const losses = (name: string): number[] =>
  readLog(at(`${name}/log.jsonl`)).flatMap((record) => (record.type === "step" ? [record.loss] : []));

it("resumed, with a thread and without a cache, it goes on with the same losses", async () => {
  expect(await run("whole", [])).toBe("finished");
  expect(await run("parts", [], 4)).toBe("interrupted");
  expect(await run("parts", ["data.workers=1", "data.cache=false"], Infinity, true)).toBe("finished");
  expect(losses("parts")).toEqual(losses("whole"));
  expect(losses("whole")).toHaveLength(6);
  expect(new Set(losses("whole")).size).toBe(6);
});

it("without augmentation the losses are others", async () => {
  expect(await run("plain", ["augment=null"])).toBe("finished");
  expect(losses("plain")[0]).not.toBe(losses("whole")[0]);
});

it("other noises are other data, and the run is not resumed", async () => {
  writeManifest(at("noise.jsonl"), ['{"audio_filepath": "u4.wav"}']);
  await expect(run("parts", [], Infinity, true)).rejects.toThrow(
    /was trained on other utterances than the training set has now/,
  );
});

it("interrupted while audio is read for the first time, it ends at once and leaves no checkpoint", async () => {
  const stopped = new AbortController();
  const task = (label: string) => ({ update: () => stopped.abort(), stop: () => expect(label).toBe("reading train") });
  const config = loadConfig(at("config.yaml"), ["data.cache=false"]);
  expect(
    await train(device(), config, {
      folder: at("early"),
      resume: false,
      signal: stopped.signal,
      observer: { ...silentObserver, task },
    }),
  ).toBe("interrupted");
  expect(() => readFileSync(at("early/last.safetensors"))).toThrow(/ENOENT/);
});
