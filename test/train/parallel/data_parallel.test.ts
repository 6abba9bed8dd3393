import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../../built.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { hasMpi } from "./mpirun.ts";
import {
  filesOf,
  largestDifference,
  logOf,
  lossesOf,
  setting,
  stepsOf,
  succeeded,
  trainAll,
  unfoldRanks,
  weightsOf,
} from "./runs.ts";

const BRIEF = ["log.every_steps=1", "eval.every_steps=100", "checkpoint.every_steps=100", "log.tensorboard=false"];

/** Batches that ranks share, in a model with every kind of dropout, whose results do not depend on who has which utterances. */
const SHARED = [
  ...BRIEF,
  "batch.accumulate=1",
  "batch.size=3",
  "model.attention_dropout=0.2",
  "model.position_dropout=0.1",
  "model.ctc_dropout=0.1",
  "model.conv_norm=layer_norm",
];

/** By one process and by two ranks. */
const RUNS = {
  conformer: SHARED,
  hybrid: [
    ...SHARED,
    "model.decoder={blocks: 1, feed_forward_dim: 16, attention_dropout: 0.2}",
    "unfold.depths=[1, 2]",
    "loss.middle_depths=0",
    "steps=6",
  ],
  "divergence-of-batches": [...SHARED, "loss.kl_reduction=batch", "steps=6"],
  padded: [...SHARED, "model.conv_mask=none", "steps=6"],
};
const HALVES = [...SHARED, "parallel.gradients=f16", "parallel.check_every_steps=2"];
const PER_RANK = [...SHARED, "steps=3"];
/** With dropout and batch norm. */
const AGAIN = [...BRIEF, "batch.accumulate=1", "batch.size=3", "steps=4"];

let folder: string;
/** What two ranks said. */
let said: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-parallel-"));
  await writeSmallCorpus(folder);
  if (!hasMpi) return;
  const config = at("config.yaml");
  const whole = ["log.every_steps=1", "checkpoint.keep_last=4"];
  await trainAll("alone", config, { ...RUNS, whole, larger: [...PER_RANK, "batch.size=4"] }, at("alone"));
  cpSync(at("alone/whole"), at("two/handed"), { recursive: true });
  cpSync(at("alone/whole/last-000008.safetensors"), at("two/handed/last.safetensors"));
  const two = {
    ...RUNS,
    handed: whole,
    larger: [...PER_RANK, "batch.size=2", "batch.per_rank=true"],
    a: AGAIN,
    b: AGAIN,
    halves: HALVES,
    halvesAgain: HALVES,
  };
  said = await trainAll(2, config, two, at("two"));
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasMpi)("training by several ranks", () => {
  it("whole batches to each: 20 steps with dropout, SpecAugment, batch norm and depths drawn at random follow one rank's", async () => {
    const words = [
      "train",
      at("config.yaml"),
      ...setting("log.every_steps=1", "checkpoint.keep_last=4"),
      "--out",
      at("two/whole"),
    ];
    const { stdout } = await succeeded(unfoldRanks(2, words));
    expect(stdout.match(/^Report: /gmu)).toHaveLength(1);
    const [one, two] = [at("alone/whole"), at("two/whole")];
    expect(stepsOf(two)).toHaveLength(20);
    expect(largestDifference(lossesOf(one), lossesOf(two))).toBeLessThan(1e-5);
    expect(filesOf(two)).toEqual(filesOf(one));
    expect(logOf(two).map(({ type }) => type)).toEqual(logOf(one).map(({ type }) => type));
    expect(logOf(two).find((record) => record.type === "step")).toMatchObject({ ranks: 2 });
  }, 120_000);

  it.each([
    ["of a Conformer with dropout, 20 steps", "conformer", 20],
    ["of a hybrid", "hybrid", 6],
    ["whose divergence is of batches", "divergence-of-batches", 6],
    ["of a model for which padding matters", "padded", 6],
    ["as many times larger as batch.per_rank makes them", "larger", 3],
  ])("two ranks that share each batch follow one rank's losses, %s", (_, run, steps) => {
    const [one, two] = [at(`alone/${run}`), at(`two/${run}`)];
    expect(stepsOf(two)).toHaveLength(steps);
    expect(largestDifference(lossesOf(one), lossesOf(two))).toBeLessThan(1e-5);
  });

  it("two ranks go on with what one process began, follow what it does itself, and say so", () => {
    expect(said.split("\n").filter((line) => line.includes("resuming"))).toEqual([
      "handed: resuming with 2 processes what 1 process began: batches stay the same, numbers agree to rounding",
    ]);
    const [one, two] = [lossesOf(at("alone/whole")), lossesOf(at("two/handed"))];
    expect(two.slice(0, 8)).toEqual(one.slice(0, 8)); // the log that it went on with
    expect(two).toHaveLength(20);
    expect(largestDifference(one, two)).toBeLessThan(1e-5);
  });

  it("two runs of the same ranks are the same to the last bit, dropout in shared batches included", () => {
    const [a, b] = [at("two/a"), at("two/b")];
    expect(stepsOf(a)).toHaveLength(4);
    expect(stepsOf(a)).toEqual(stepsOf(b));
    expect(weightsOf(a)).toEqual(weightsOf(b));
  });

  it("gradients as halves: 20 steps agree to their rounding, all ranks keep equal weights, and each run repeats itself", () => {
    const [one, two] = [lossesOf(at("alone/conformer")), lossesOf(at("two/halves"))];
    expect(two).toHaveLength(20);
    expect(largestDifference(one, two)).toBeGreaterThan(1e-6);
    expect(largestDifference(one, two)).toBeLessThan(2 ** -11);
    expect(stepsOf(at("two/halves"))).toEqual(stepsOf(at("two/halvesAgain")));
    expect(weightsOf(at("two/halves"))).toEqual(weightsOf(at("two/halvesAgain")));
  });

  it("four ranks, more of them than utterances in a batch, follow one rank's losses", async () => {
    await trainAll(4, at("config.yaml"), { conformer: RUNS.conformer }, at("four"));
    expect(stepsOf(at("four/conformer"))).toHaveLength(20);
    expect(largestDifference(lossesOf(at("alone/conformer")), lossesOf(at("four/conformer")))).toBeLessThan(1e-5);
  }, 200_000);
});
