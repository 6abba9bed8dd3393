import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadExperiment } from "../../../train/experiment/config.ts";
import { readResult } from "../../../train/experiment/results.ts";
import { runExperiment } from "../../../train/experiment/run_experiment.ts";
import type { Summary } from "../../../train/experiment/summary.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { testDevice } from "../../test_device.ts";

let folder: string;
const device = testDevice();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-spreads-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a finished run is tested along all legal paths of the depths that have several, the usual one among them", async () => {
  const file = join(folder, "experiment.yaml");
  writeFileSync(
    file,
    `base: config.yaml
set: { steps: 2, data.workers: 0, loss.middle_depths: 0, model.blocks: 2, unfold.order: repeat, unfold.depths: [2, 3, 4] }
seeds: 1
rows: [{ name: seed, title: a seed of 2 }]
paths: all
rounds: 1
`,
  );
  const out = join(folder, "out");
  const experiment = loadExperiment(file);
  const { signal } = new AbortController();
  expect(
    await runExperiment(device(), experiment, { out, rows: experiment.rows, signal, observer: silentObserver }),
  ).toBe("finished");

  const { spreads } = readResult(out, "seed-seed1")!.sets["dev"]!;
  expect(Object.keys(spreads)).toEqual(["3"]); // depths 2 and 4 have one path
  expect(spreads["3"]!.paths.map(({ schedule }) => schedule)).toEqual([
    [0, 0, 1],
    [0, 1, 1],
  ]);
  const { lines, spreads: summaries } = JSON.parse(readFileSync(join(out, "table.json"), "utf8")) as Summary;
  expect(summaries.map(({ row, depth, set, paths }) => [row, depth, set, paths])).toEqual([["seed", 3, "dev", 2]]);
  const usual = lines.find(({ depth }) => depth === 3)!.errors.find(({ set }) => set === "dev")!;
  expect(spreads["3"]!.paths[1]!.wer).toBeCloseTo(usual.wer.value, 12);
});
