import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { loadExperiment, trainConfigOf, type Experiment } from "../../../train/experiment/config.ts";
import { trainedDepths } from "../../../config/depths.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-experiment-config-"));
  file = join(folder, "experiment.yaml");
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (yaml: string, options = {}): Experiment => {
  writeFileSync(file, yaml);
  return loadExperiment(file, options);
};
const messageOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
};

const ROW =
  "rows: [{ name: a, title: the first }, { name: b, title: the second, group: pair, set: { model.dim: 32 }, seeds: 5 }]\n";

it("a row's config: the base's, the common keys, its own, the command line's, its seed; dev four times in a run", () => {
  const experiment = read(`base: config.yaml\nset: { model.dim: 8, loss.kl_weight: 0 }\nseeds: 2\n${ROW}`, {
    overrides: ["loss.kl_weight=0.3"],
  });
  const [a, b] = experiment.rows;
  expect([a, b].map((row) => [row!.name, row!.group, row!.seeds])).toEqual([
    ["a", "a", 2],
    ["b", "pair", 5],
  ]);
  const configs = [trainConfigOf(experiment, a!, 1, null, undefined), trainConfigOf(experiment, b!, 3, 7, "/data")];
  expect(configs[0]).toMatchObject({
    seed: 1,
    steps: 20,
    epochs: null,
    model: { dim: 8 },
    loss: { klWeight: 0.3 },
    eval: { everySteps: 5, everyEpochs: null },
    data: { folder },
  });
  expect(configs[1]).toMatchObject({
    seed: 3,
    steps: null,
    epochs: 7,
    model: { dim: 32 },
    eval: { everySteps: null, everyEpochs: 2 },
    data: { train: "/data/train.jsonl" },
  });
  expect(loadExperiment(file, { seeds: 1 }).rows.map(({ seeds }) => seeds)).toEqual([1, 1]);
});

it.each([
  [
    "rows: []\n",
    "base is missing, expected the path of a training config.\n{file}, line 1: rows: expected at least one row, got [].",
  ],
  [
    `base: config.yaml\n${ROW}compare: [[a, pear]]\n`,
    '{file}, line 3: compare[0][1] is "pear", which is not a row or group; the closest is "pair".',
  ],
  [
    "base: config.yaml\nrows:\n  - { name: a, title: one }\n  - { name: a, title: two }\n",
    '{file}, line 4: rows[1].name is "a", which is already the name of another row.',
  ],
  [
    "base: config.yaml\nrows:\n  - { name: a, title: one }\n  - { name: b, title: two, group: a }\n",
    '{file}, line 4: rows[1].group is "a", which is the name of a row.',
  ],
  [`base: config.yaml\ngroups: { pairs: the pair }\n${ROW}`, "{file}, line 2: groups.pairs is a group without rows."],
  [
    "base: config.yaml\nrows: [{ name: ../a, title: one }]\n",
    `{file}, line 2: rows[0].name: expected a row's name: small letters, digits and hyphens, got "../a".`,
  ],
  [
    "base: config.yaml\nrows: [{ name: a, titel: one }]\n",
    "{file}, line 2: rows[0].title is missing, expected a row's title.\n{file}, line 2: rows[0].titel is not a key; the nearest valid one is rows.0.title.",
  ],
  [
    `base: config.yaml\n${ROW}baseline: { row: c, depth: 2 }\n`,
    '{file}, line 3: baseline.row is "c", which is not a row; the closest is "a".',
  ],
  [`base: config.yaml\nseeds: 0\n${ROW}`, "{file}, line 2: seeds: expected a whole number from 1 to 100, got 0."],
  [
    `base: config.yaml\ncorpus: { digits: { test: 9000 } }\n${ROW}`,
    "{file}, line 2: corpus.digits.test: expected a whole number from 1 to 5000, got 9000.",
  ],
  [
    "base: [\n",
    "{file}, line 2: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ].",
  ],
])("%j", (yaml, message) => {
  expect(messageOf(() => read(yaml))).toBe(message.replaceAll("{file}", file).replace(/^base/u, `${file}: base`));
});

it("an unusable key of a row names the row; so does a base that is not there", () => {
  const wrong = read("base: config.yaml\nrows: [{ name: a, title: one, set: { model.dims: 8, seed: -1 } }]\n");
  expect(messageOf(() => trainConfigOf(wrong, wrong.rows[0]!, 1, null, undefined))).toBe(
    `${file}, row a: --set model.dims=8: model.dims is not a key; the nearest valid one is model.dim.`,
  );
  const none = read(`base: nothing.yaml\n${ROW}`);
  expect(messageOf(() => trainConfigOf(none, none.rows[0]!, 1, null, undefined))).toBe(
    `${file}, row a: cannot read the config ${join(folder, "nothing.yaml")}: there is no such file.`,
  );
  expect(messageOf(() => loadExperiment(join(folder, "none.yaml")))).toBe(
    `cannot read the config ${join(folder, "none.yaml")}: there is no such file.`,
  );
});

const example = (name: string) => loadExperiment(fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url)));

/** Of every row: its name, blocks, the depths that are trained and tested. */
const rowsOf = (experiment: ReturnType<typeof example>) =>
  experiment.rows.map((row) => {
    const { model, unfold, ...config } = trainConfigOf(experiment, row, 1, null, folder);
    const trained = trainedDepths({ model, unfold, ...config }).map(({ depth }) => depth);
    return [row.name, model.blocks, trained, unfold.depths];
  });

it("rows at the size of a laptop", () => {
  expect(example("paper-tiny/config.yaml").rows.map(({ seeds }) => seeds)).toEqual(Array(11).fill(3));
  expect(rowsOf(example("paper-tiny/config.yaml"))).toEqual([
    ["seed-3", 3, [6, 3], [3, 4, 5, 6]],
    ["alone-6", 6, [6], [3, 6]],
    ["alone-3", 3, [3], [3, 4, 5, 6]],
    ["both", 3, [6, 3], [3, 4, 5, 6]],
    ["deep-only", 3, [6], [3, 4, 5, 6]],
    ["alone-5", 5, [5], [5]],
    ["alone-4", 4, [4], [4]],
    ["seed-4", 4, [6, 4], [4, 5, 6]],
    ["seed-2", 2, [6, 2], [2, 3, 4, 5, 6]],
    ["hybrid-weights", 3, [6, 3], [3, 4, 5, 6]],
    ["cycle", 3, [6, 3], [3, 4, 5, 6]],
  ]);
});

it("rows of the hybrid", () => {
  expect(rowsOf(example("paper-tiny/hybrid.yaml"))).toEqual([
    ["seed-3", 3, [6, 3], [3, 4, 5, 6]],
    ["alone-6", 6, [6], [3, 6]],
    ["alone-3", 3, [3], [3, 4, 5, 6]],
    ["both", 3, [6, 3], [3, 4, 5, 6]],
    ["deep-only", 3, [6], [3, 4, 5, 6]],
  ]);
});

it("rows at the paper's size", () => {
  const switchboard = example("paper/switchboard.yaml");
  expect(rowsOf(switchboard)).toEqual([
    ["alone-12", 12, [12], [8, 12]],
    ["alone-10", 10, [10], [10]],
    ["alone-8", 8, [8], [8, 10, 12]],
    ["alone-6", 6, [6], [6]],
    ["alone-4", 4, [4], [4]],
    ["seed-8", 8, [12, 8], [8, 10, 12]],
    ["seed-6", 6, [12, 6], [6, 8, 10, 12]],
    ["seed-4", 4, [12, 4], [4, 6, 8, 10, 12]],
    ["deep-only", 8, [12], [8, 10, 12]],
    ["both", 8, [12, 8], [8, 10, 12]],
  ]);
  expect(rowsOf(example("paper/speechocean.yaml"))).toEqual([
    ["alone-12", 12, [12], [6, 12]],
    ["alone-6", 6, [6], [6, 8, 10, 12]],
    ["seed-6", 6, [12, 6], [6, 8, 10, 12]],
    ["both", 6, [12, 6], [6, 8, 10, 12]],
    ["deep-only", 6, [12], [6, 8, 10, 12]],
  ]);
  // Their configs inherit from checkpoints that are not here.
  const kept = example("paper/librispeech-100.yaml").rows.map(({ name, overrides }) => [
    name,
    overrides[0]!.replaceAll('"', ""),
  ]);
  expect(kept).toEqual([
    ["alone-12", "init=full.safetensors"],
    ...[10, 8, 6, 4, 3].map((n) => [`alone-${n}`, `init=seed-${n}.safetensors`]),
    ...[8, 6, 4, 3, 2].map((n) => [`seed-${n}`, `init=seed-${n}.safetensors`]),
    ["even-6", "init=even-6.safetensors"],
  ]);
});
