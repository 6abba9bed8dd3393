import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, ofSources, unfold } from "../../built.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { hasMpi, mpirun } from "./mpirun.ts";
import {
  filesOf,
  largestDifference,
  logOf,
  lossesOf,
  setting,
  stepsOf,
  succeeded,
  unfoldRanks,
  weightsOf,
} from "./runs.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-parallel-"));
  await writeSmallCorpus(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains with so many ranks, or by a plain process. */
const trained = async (ranks: number | "alone", run: string, ...sets: string[]): Promise<string> => {
  const words = ["train", at("config.yaml"), ...setting("log.every_steps=1", ...sets), "--out", at(run)];
  const { stdout } = await succeeded(ranks === "alone" ? unfold(words) : unfoldRanks(ranks, words));
  expect(stdout.match(/^Report: /gmu)).toHaveLength(1);
  return at(run);
};

describe.skipIf(!hasMpi)("training by several ranks", () => {
  it("whole batches to each: 20 steps with dropout, SpecAugment, batch norm and depths drawn at random follow one rank's", async () => {
    const one = await trained("alone", "whole-1");
    const two = await trained(2, "whole-2");
    expect(stepsOf(two)).toHaveLength(20);
    expect(largestDifference(lossesOf(one), lossesOf(two))).toBeLessThan(1e-5);
    expect(filesOf(two)).toEqual(filesOf(one));
    expect(logOf(two).map(({ type }) => type)).toEqual(logOf(one).map(({ type }) => type));
    expect(logOf(two).find((record) => record.type === "step")).toMatchObject({ ranks: 2 });
  }, 120_000);

  it.each([
    [2, "of a Conformer", []],
    [4, "of a Conformer, more of them than utterances in a batch", []],
    [
      2,
      "of a hybrid",
      ["model.decoder={blocks: 1, feed_forward_dim: 16}", "unfold.depths=[1, 2]", "loss.middle_depths=0"],
    ],
    [2, "whose divergence is of batches", ["loss.kl_reduction=batch"]],
    [2, "of a model for which padding matters", ["model.conv_mask=none"]],
  ])(
    "%i ranks that share each batch follow one rank's losses, %s",
    async (ranks, _, sets) => {
      const shared = ["batch.accumulate=1", "batch.size=3", "model.dropout=0", "model.conv_norm=layer_norm", ...sets];
      const name = `${ranks}-${sets.join("").length}`;
      const one = await trained("alone", `${name}-alone`, ...shared);
      const several = await trained(ranks, `${name}-together`, ...shared);
      expect(stepsOf(several)).toHaveLength(20);
      expect(largestDifference(lossesOf(one), lossesOf(several))).toBeLessThan(1e-5);
    },
    120_000,
  );

  it("two runs of the same ranks are the same to the last bit, dropout in shared batches included", async () => {
    const sets = ["batch.accumulate=1", "batch.size=3", "steps=6"];
    const [a, b] = [await trained(2, "again-a", ...sets), await trained(2, "again-b", ...sets)];
    expect(stepsOf(a)).toEqual(stepsOf(b));
    expect(weightsOf(a)).toEqual(weightsOf(b));
  }, 120_000);

  it("batch.per_rank makes batches as many times larger", async () => {
    const sets = ["batch.accumulate=1", "steps=3", "model.dropout=0", "model.conv_norm=layer_norm"];
    const one = await trained("alone", "larger", ...sets, "batch.size=4");
    const two = await trained(2, "per-rank", ...sets, "batch.per_rank=true");
    expect(largestDifference(lossesOf(one), lossesOf(two))).toBeLessThan(1e-5);
  }, 120_000);

  it("weights that differ are found, with rank and tensor; a broadcast mends them", async () => {
    const script = `
      import { openDevice } from "./engine/device.ts";
      import { Parameters } from "./engine/parameters.ts";
      import { openCommunicator } from "./train/parallel/mpi.ts";
      import { broadcastWeights, expectSameWeights } from "./train/parallel/weights.ts";
      const ranks = await openCommunicator();
      const device = await openDevice();
      const parameters = new Parameters();
      for (const name of ["a", "b", "c"]) parameters.add(name, [3], { init: (i, key) => i + (key % 7) });
      parameters.addBuffer("mean", [2], () => ranks.rank);
      parameters.seal(device, { seed: 1 });
      const check = (step) => expectSameWeights(parameters, ranks, step).then(() => "same", (error) => error.message);
      const found = [await check(1)];
      await broadcastWeights(device, parameters, ranks);
      found.push(await check(2));
      if (ranks.rank === 1) parameters.write("b", Float32Array.of(1, 2, 4));
      found.push(await check(3));
      process.stdout.write(JSON.stringify(found) + "\\n");
      device.close();
      ranks.finalize();`;
    const { stdout } = await succeeded(mpirun(2, ofSources(script)));
    const why = "the ranks' devices or drivers compute different results";
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(JSON.parse(line)).toEqual([
        `after step 1 the weights of rank 1 are not those of rank 0, first in mean: ${why}`,
        "same",
        `after step 3 the weights of rank 1 are not those of rank 0, first in b: ${why}`,
      ]);
  }, 60_000);
});
