import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Summary } from "../../../train/experiment/summary.ts";
import { build, unfold } from "../../built.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../../small_corpus.ts";
import { hasMpi } from "./mpirun.ts";
import { largestDifference, logOf, lossesOf, sentences, stepsOf, succeeded, unfoldRanks } from "./runs.ts";

/* Every verb under mpirun: those that share their work out, and the others, which are refused. */

const EXPERIMENT = `base: config.yaml
set: { steps: 4, log.every_steps: 1, data.test: { first: dev.jsonl } }
rows:
  - { name: shared, title: a batch of both, set: { batch.accumulate: 1, batch.size: 3, model.attention_dropout: 0.2, model.conv_norm: layer_norm } }
seeds: 1
rounds: 1
`;

const LANGUAGE_MODEL = `data: { train: train.txt, dev: train.txt }
model: { dim: 16, heads: 2, feed_forward_dim: 16, blocks: 1, dropout: 0.2 }
batch: { size: 4, buckets: 1 }
steps: 6
eval: { every_steps: 6 }
log: { every_steps: 1 }
`;

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-verbs-"));
  await writeSmallCorpus(folder);
  writeFileSync(at("experiment.yaml"), EXPERIMENT);
  writeFileSync(at("lm.yaml"), LANGUAGE_MODEL);
  writeFileSync(at("train.txt"), "ab ab ab\nab ba\naab\nab ab a\nb\nabb a\n");
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a verb in one process and in two, writing into folders `one` and `two`. */
const both = async (...words: string[]) => {
  const into = (out: string): string[] => words.map((word) => word.replace("{out}", at(out)));
  return { one: await succeeded(unfold(into("one"))), two: await succeeded(unfoldRanks(2, into("two"))) };
};

describe.skipIf(!hasMpi)("two ranks", () => {
  it("train an experiment's rows together; the first writes results and tables", async () => {
    const { one, two } = await both("experiment", at("experiment.yaml"), "--out", "{out}/experiment");
    const [alone, together] = [at("one/experiment/shared-seed1"), at("two/experiment/shared-seed1")];
    expect(stepsOf(together)).toHaveLength(4);
    expect(largestDifference(lossesOf(alone), lossesOf(together))).toBeLessThan(1e-5);
    expect(logOf(together).find((record) => record.type === "step")).toMatchObject({ ranks: 2 });
    const summaryOf = (out: string): Summary =>
      JSON.parse(readFileSync(at(`${out}/experiment/table.json`), "utf8")) as Summary;
    const rows = (out: string) => summaryOf(out).lines.map(({ depth }) => depth);
    expect(rows("two")).toEqual(rows("one"));
    for (const { stdout } of [one, two]) expect(stdout.match(/^Table and figure: /gmu)).toHaveLength(1);
  }, 120_000);

  it("train a language model", async () => {
    const { two } = await both("lm", "train", at("lm.yaml"), "--out", "{out}/lm");
    expect(two.stdout.match(/^Language model: /gmu)).toHaveLength(1);
    const losses = (out: string) =>
      logOf(at(`${out}/lm`)).flatMap((record) => (record.type === "lm_step" ? [[record.step, record.loss]] : []));
    expect(losses("two")).toHaveLength(6);
    expect(largestDifference(losses("one"), losses("two"))).toBeLessThan(1e-5);
  }, 120_000);

  it("evaluate and transcribe: what the first prints, and writes, is one process's", async () => {
    writeManifest(
      at("many.jsonl"),
      Array.from({ length: 6 }, (_, i) =>
        corpusLines().map((line) => ({ ...line, id: `${i}-${line.audio_filepath}` })),
      ).flat(),
    );
    const run = at("two/experiment/shared-seed1");
    const evaluated = await both("eval", run, at("many.jsonl"), "--json", "--alignments", "{out}/alignments");
    const untimed = (text: string): string => text.replace(/"realTimeFactor": [\d.e-]+/gu, "");
    expect(untimed(evaluated.two.stdout)).toBe(untimed(evaluated.one.stdout));
    for (const depth of [1, 3]) {
      const [one, two] = ["one", "two"].map((out) =>
        readFileSync(at(`${out}/alignments/eval-many-${depth}.txt`), "utf8"),
      );
      expect(two).toBe(one);
    }
    const files = Array.from({ length: 4 }, () => corpusLines().map((line) => at(line.audio_filepath))).flat();
    const transcribed = await both("transcribe", run, ...files, "--json", "--timestamps");
    expect(transcribed.two.stdout).toBe(transcribed.one.stdout);
    expect(transcribed.two.stdout.trim().split("\n")).toHaveLength(24);
  }, 120_000);

  it.each([
    ["'config' works in one process, but 2 were started: run it without mpirun; ", ["config"]],
    ["--set foo=1: foo is not a key", ["train", "{at}/config.yaml", "--set", "foo=1"]],
  ])("are told once: %s", async (sentence, words) => {
    const { status, stdout, stderr } = await unfoldRanks(
      2,
      words.map((word) => word.replace("{at}", folder)),
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(sentences(stderr)).toHaveLength(1);
    expect(sentences(stderr)[0]).toContain(`unfold: ${sentence}`);
  });
});
