import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serialiseCmvn } from "../../model/features/cmvn.ts";
import { writeCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { plainConfig } from "../../config/config.ts";
import { loadConfig, originOf } from "../../checkpoint/load_config.ts";
import { loadTrainingData } from "../../data/training_data.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-training-data-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(["before it begins", "while it reads"])(
  "interrupted %s, reading ends at once, with the reason",
  async (moment) => {
    const stop = new AbortController();
    const reason = new Error("enough");
    let read = 0;
    const observer = {
      ...silentObserver,
      task: () => ({ update: (done: number) => void ((read = done), stop.abort(reason)), stop: () => undefined }),
    };
    if (moment === "before it begins") stop.abort(reason);
    await expect(
      loadTrainingData(loadConfig(join(folder, "config.yaml"), ["data.cache=false"]), {
        observer,
        signal: stop.signal,
      }),
    ).rejects.toBe(reason);
    expect(read).toBeLessThan(6);
  },
);

test("a run that starts from a checkpoint normalises as its weights expect, unless the config says otherwise", async () => {
  const config = (...sets: string[]) => loadConfig(join(folder, "config.yaml"), ["data.cache=false", ...sets]);
  const means = async (...sets: string[]) => {
    const chosen = config(...sets);
    const { train, dev, source } = await loadTrainingData(chosen, {
      origin: originOf(chosen),
      observer: silentObserver,
    });
    source.close();
    expect(dev.cmvn).toEqual(train.cmvn);
    return train.cmvn!.mean;
  };
  const [expected, written] = [7, -2].map((mean) => ({
    frames: 9,
    mean: new Float64Array(10).fill(mean),
    variance: new Float64Array(10).fill(4),
  }));
  const cmvn: unknown = JSON.parse(serialiseCmvn(expected!));
  writeCheckpoint(join(folder, "start.safetensors"), new Map(), {
    format: "unfold-checkpoint/1",
    config: plainConfig(config()),
    units: { blank: 0, characters: ["a", "b"] } as never,
    cmvn,
    step: 0,
    seconds: 0,
    sampler: { epoch: 0, batch: 0 },
    best: null,
  });
  writeFileSync(join(folder, "cmvn.json"), serialiseCmvn(written!));
  expect(await means("init=start.safetensors")).toEqual(expected!.mean);
  expect(await means("init=start.safetensors", `data.cmvn=${join(folder, "cmvn.json")}`)).toEqual(written!.mean);
  expect(await means()).not.toEqual(expected!.mean);
});
