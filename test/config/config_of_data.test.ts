import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { plainConfig, restoreConfig } from "../../config/config.ts";
import { configToYaml } from "../../config/yaml.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { configDifferences } from "../../train/run/config_difference.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-config-"));
  file = join(folder, "config.yaml");
  writeFileSync(file, "data: { train: train.jsonl, dev: dev.jsonl, folder: speech }\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (...sets: string[]) => loadConfig(file, sets);

test("augmentation is off, threads and cache are left to the machine, and masks are not adaptive by default", () => {
  expect(load()).toMatchObject({
    augment: null,
    data: { workers: null, cache: null },
    specAugment: { timeMaskRatio: 0 },
  });
});

test("a section of augment turns that kind on with its defaults; manifest and cache start at their folders", () => {
  const { augment, data } = load(
    "augment.noise.manifest=noise.jsonl",
    "augment.volume.probability=1",
    "data.cache=kept",
  );
  expect(augment).toEqual({
    speed: null,
    volume: { gainDb: [-6, 6], probability: 1 },
    noise: { manifest: join(folder, "speech/noise.jsonl"), snrDb: [5, 20], probability: 0.5 },
  });
  expect(data.cache).toBe(join(folder, "kept"));
  expect(load("data.cache=false").data.cache).toBe(false);
});

test("kept in a checkpoint and read back, it is the same; in YAML the manifest is relative", () => {
  const config = load("augment.speed=[0.9, 1, 1.1]", "augment.noise.manifest=noise.jsonl", "data.workers=0");
  expect(restoreConfig(JSON.parse(JSON.stringify(plainConfig(config))), "checkpoint")).toEqual(config);
  expect(configToYaml(config)).toContain("manifest: noise.jsonl");
});

test("threads, cache and where the noise is change nothing about a run; speeds do", () => {
  const then = plainConfig(load("augment.noise.manifest=noise.jsonl"));
  expect(
    configDifferences(
      load("augment.noise.manifest=/other/noise.jsonl", "data.workers=3", "data.cache=false"),
      then,
      "checkpoint",
    ),
  ).toEqual([]);
  expect(
    configDifferences(load("augment.noise.manifest=noise.jsonl", "augment.speed=[0.9]"), then, "checkpoint"),
  ).toEqual(["augment.speed was null, is now [0.9]"]);
});

describe("refused in one sentence", () => {
  test.each<[string, string]>([
    ["augment.speed=[]", "expected speeds such as [0.9, 1.0, 1.1], got []."],
    ["augment.speed=1.1", "expected speeds such as [0.9, 1.0, 1.1], got 1.1."],
    ["augment.speed=[0.9, 3]", "augment.speed[1]: expected a number from 0.5 to 2, got 3."],
    ["augment.volume.gain_db=6", "augment.volume.gain_db: expected two numbers such as [-6, 6], got 6."],
    ["augment.volume.gain_db=[6, -6]", "augment.volume.gain_db is [6, -6], expected the smaller number first."],
    ["augment.volume.probability=2", "augment.volume.probability: expected a number from 0 to 1, got 2."],
    ["augment.noise.snr_db=[5, 20]", "augment.noise.manifest is missing, expected the path of a manifest."],
    [
      "augment.noise={manifest: a, snr_db: [20, 5]}",
      "augment.noise.snr_db is [20, 5], expected the smaller number first.",
    ],
    [
      "augment.noise={manifest: a, snr_db: [5]}",
      "augment.noise.snr_db: expected two numbers such as [5, 20], got [5].",
    ],
    ["data.cache=true", "data.cache: expected the path of a folder, or false, got true."],
    ["data.sample_rate=500000", "data.sample_rate: expected a whole number from 1000 to 192000, got 500000."],
    ["data.workers=-1", "data.workers: expected a whole number from 0 to 64, got -1."],
    ["spec_augment.time_mask_ratio=1.5", "spec_augment.time_mask_ratio: expected a number from 0 to 1, got 1.5."],
  ])("%s", (set, message) => {
    expect(() => load(set)).toThrow(UserError);
    expect(() => load(set)).toThrow(message);
  });

  test("a speed that the resampler cannot make", () => {
    expect(() => load("augment.speed=[0.5]", "data.sample_rate=1500", "features.high_freq=0")).toThrow(
      "augment.speed has 0.5, but at data.sample_rate 1500 a speed under 0.667 cannot be made.",
    );
    expect(() => load("augment.speed=[1, 1.5]", "data.sample_rate=176400")).toThrow(
      "augment.speed has 1.5, but at data.sample_rate 176400 a speed over 1.09 cannot be made.",
    );
  });
});
