import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../../train/config.ts";
import { loadTrainingData } from "../../../train/data/training_data.ts";
import { silentObserver } from "../../../train/run_observer.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-training-data-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(["before it begins", "while it reads"])("interrupted %s, reading ends at once, with the reason", async (moment) => {
  const stop = new AbortController();
  const reason = new Error("enough");
  let read = 0;
  const observer = { ...silentObserver, task: () => ({ update: (done: number) => void ((read = done), stop.abort(reason)), stop: () => undefined }) };
  if (moment === "before it begins") stop.abort(reason);
  await expect(loadTrainingData(loadConfig(join(folder, "config.yaml"), ["data.cache=false"]), undefined, observer, stop.signal)).rejects.toBe(reason);
  expect(read).toBeLessThan(6);
});
