import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { makeDigitCorpus } from "../../data/synthetic/digit_corpus.ts";
import { importModel } from "../../checkpoint/hugging_face/import_model.ts";
import type { DevRecord, StepRecord } from "../../train/log/log_records.ts";
import { train } from "../../train/main.ts";
import { silentObserver } from "../../train/run/run_observer.ts";

import { testDevice } from "../test_device.ts";

const example = (name: string): string => new URL(`../../examples/${name}`, import.meta.url).pathname;
const device = testDevice();
/** Three recordings are learnt sooner than the example's eight; on the bundled driver a step takes seconds. */
const FEWER_STEPS = ["steps=100", "schedule.hold_steps=60", "eval.every_steps=100", "checkpoint.every_steps=100"];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-wav2vec2-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("the tiny recipe learns three recordings by heart, from their samples, at both depths", async () => {
  const data = join(folder, "digits");
  await makeDigitCorpus(data, { sizes: { train: 3, dev: 1, test: 1, testUnseen: 1 } });
  const config = loadConfig(
    example("wav2vec2/tiny.yaml"),
    ["data.dev=train.jsonl", "data.workers=0", "log.every_steps=20", ...FEWER_STEPS],
    { dataFolder: data },
  );
  const run = join(folder, "run");
  expect(
    await train(device(), config, {
      folder: run,
      resume: false,
      signal: new AbortController().signal,
      observer: silentObserver,
    }),
  ).toBe("finished");

  const records = readFileSync(join(run, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });
  const steps = records.filter((record): record is StepRecord => record.type === "step");
  const dev = records.findLast((record): record is DevRecord => record.type === "dev")!;
  expect(steps.at(-1)!.loss).toBeLessThan(0.2 * steps[0]!.loss);
  expect(Object.keys(dev.wer)).toEqual(["2", "4"]);
  for (const depth of ["2", "4"]) {
    expect(dev.wer[depth]).toBeLessThan(0.5); // a model that only knows the blank has none of the words
    expect(dev.cer[depth]).toBeLessThan(0.3);
  }
}, 600_000);

it.each(["wav2vec2", "hubert"])(
  "examples/%s trains the seed of an imported model, with its features and depths",
  (kind) => {
    const place = join(folder, kind, "examples", kind);
    mkdirSync(place, { recursive: true });
    const imported = importModel(
      new URL(`../fixtures/models/${kind}_base`, import.meta.url).pathname,
      join(folder, kind, `seed-${kind}.safetensors`),
      { seedBlocks: 2, pick: "even", depths: [3], order: "repeat", force: false },
    );
    writeFileSync(join(place, "config.yaml"), readFileSync(example(`${kind}/config.yaml`)));
    const config = loadConfig(join(place, "config.yaml"));
    expect(config.model).toEqual({
      ...imported.config.model,
      freezeFeatureEncoder: true,
      attentionDropout: 0,
      dropout: 0,
      activationDropout: 0.1,
      featureDropout: 0,
      finalDropout: 0,
    });
    expect(config.features).toEqual(imported.config.features);
    expect(config.unfold).toEqual(imported.config.unfold);
    expect([config.masking!.timeProb, config.masking!.channelLength]).toEqual([0.65, 64]);
    expect(config.data.train).toBe(join(folder, kind, "train-clean-100.jsonl"));
    const { warmupSteps, holdSteps, decaySteps } = config.schedule;
    expect(warmupSteps + holdSteps + decaySteps!).toBe(config.steps);
  },
);
