import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { UserError } from "../../../engine/errors.ts";
import { loadExperiment } from "../../../train/experiment/config.ts";
import { chooseRows } from "../../../train/experiment/plan.ts";
import { runExperiment } from "../../../train/experiment/run_experiment.ts";
import type { Summary } from "../../../train/experiment/summary.ts";
import { silentObserver, type RunObserver } from "../../../train/run/run_observer.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";

let folder: string;
let device: Device;
const at = (name: string): string => join(folder, name);

const EXPERIMENT = `base: config.yaml
set: { steps: 4, data.workers: 0, loss.middle_depths: 0, data.test: { first: dev.jsonl, second: dev.jsonl } }
seeds: 2
rows:
  - { name: alone-1, group: alone, title: built alone 1, set: { unfold.depths: [1] } }
  - { name: alone-3, group: alone, title: built alone 3, set: { model.blocks: 3, unfold.depths: [3] }, seeds: 1 }
  - { name: method, title: the method }
compare: [[method, alone]]
baseline: { row: alone-3, depth: 3 }
paths: all
rounds: 2
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-experiment-"));
  await writeSmallCorpus(folder);
  writeFileSync(at("experiment.yaml"), EXPERIMENT);
  device = await openDevice();
});
afterAll(() => {
  device?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Attempt {
  rows?: string[];
  sets?: string[];
  budget?: number;
  timesOnly?: boolean;
  signal?: AbortSignal;
  observer?: Partial<RunObserver>;
}

const attempt = (
  out: string,
  { rows, sets = [], budget, timesOnly = false, signal = new AbortController().signal, observer = {} }: Attempt = {},
) => {
  const experiment = loadExperiment(at("experiment.yaml"), { overrides: sets });
  return runExperiment(device, experiment, {
    out: at(out),
    rows: chooseRows(experiment.rows, rows),
    budget,
    timesOnly,
    signal,
    observer: { ...silentObserver, ...observer },
  });
};

const summaryOf = (out: string): Summary => JSON.parse(readFileSync(at(`${out}/table.json`), "utf8")) as Summary;

it("stopped in a run, goes on with the rest; every row is in the table, with errors, sizes, memory, times and tests", async () => {
  const stopped = new AbortController();
  let messages: string[] = [];
  const message = (text: string): void => void (/^run \d/u.test(text) && messages.push(text));
  const observer: Partial<RunObserver> = {
    message,
    record: (record) => {
      if (record.type === "dev" && record.step === 2 && messages.length === 3) stopped.abort();
    },
  };
  expect(await attempt("out", { signal: stopped.signal, observer })).toBe("interrupted");
  expect(messages).toEqual([
    "run 1 of 5: built alone 1, seed 1",
    "run 2 of 5: built alone 3, seed 1",
    "run 3 of 5: the method, seed 1",
  ]);
  expect(readdirSync(at("out/results"))).toEqual(["alone-1-seed1.json", "alone-3-seed1.json"]);
  expect(summaryOf("out").lines.map(({ row }) => row)).toEqual(["alone-1", "alone-3"]);
  const finished = statSync(at("out/alone-1-seed1/log.jsonl")).mtimeMs;
  writeFileSync(at("experiment.yaml"), EXPERIMENT.replace("title: the method", "$&, set: { loss.kl_weight: 0.5 }"));
  await expect(attempt("out")).rejects.toThrow(
    new UserError(
      `row method was started with another config in ${at("out/method-seed1")}, so it cannot be resumed: loss.kl_weight was 0.1, is now 0.5; put the config back, or delete that folder to train the run again`,
    ),
  );
  writeFileSync(at("experiment.yaml"), EXPERIMENT);

  messages = [];
  expect(await attempt("out", { observer: { message } })).toBe("finished");
  expect(messages).toEqual([
    "run 3 of 5: the method, seed 1",
    "run 4 of 5: built alone 1, seed 2",
    "run 5 of 5: the method, seed 2",
  ]);
  expect(statSync(at("out/alone-1-seed1/log.jsonl")).mtimeMs).toBe(finished);
  expect(readFileSync(at("out/method-seed1/log.jsonl"), "utf8")).toContain('"interrupted"');

  const { lines, comparisons, baseline, spreads, times } = summaryOf("out");
  expect(lines.map(({ row, depth, seeds }) => [row, depth, seeds])).toEqual([
    ["alone-1", 1, [1, 2]],
    ["alone-3", 3, [1]],
    ["method", 1, [1, 2]],
    ["method", 3, [1, 2]],
  ]);
  for (const { errors, parameters, checkpointBytes, memory, stepMs, realTimeFactor, steps, seeds } of lines) {
    expect(errors.map(({ set, words, bySeed }) => [set, words, bySeed.length])).toEqual([
      ["first", 2, seeds.length],
      ["second", 2, seeds.length],
    ]);
    for (const { wer, bySeed } of errors)
      expect(wer.value).toBeCloseTo(bySeed.reduce((sum, rate) => sum + rate, 0) / bySeed.length, 12);
    expect(steps).toBe(4);
    expect(checkpointBytes).toBeGreaterThan(4 * parameters.encoder);
    expect(memory!.optimizer).toBeGreaterThan(3 * 4 * parameters.whole * 0.99);
    expect(memory!.total).toBe(memory!.parameters + memory!.optimizer + memory!.activations);
    for (const value of [memory!.parameters, memory!.activations, stepMs, realTimeFactor])
      expect(value).toBeGreaterThan(0);
  }
  const [one, three, seed, deep] = lines.map(({ parameters }) => parameters.whole) as [number, number, number, number];
  expect([seed, deep]).toEqual([one, one]);
  expect(three).toBeGreaterThan(one);
  expect(comparisons.map(({ a, b, depth, set, seeds }) => [a, b, depth, set, seeds.length])).toEqual([
    ["method", "alone-1", 1, "first", 2],
    ["method", "alone-1", 1, "second", 2],
    ["method", "alone-3", 3, "first", 1],
    ["method", "alone-3", 3, "second", 1],
  ]);
  expect(baseline!.tests.map(({ row, depth, set }) => [row, depth, set])).toContainEqual(["method", 1, "second"]);
  expect(spreads).toEqual([]); // one block has one path
  expect(times).toMatchObject({ rounds: 2, batch: { size: 2 } });

  const table = readFileSync(at("out/table.md"), "utf8");
  for (const title of ["built alone 1", "built alone 3", "the method", "method - alone-3"])
    expect(table).toContain(`| ${title} |`);
  expect(readFileSync(at("out/figure.svg"), "utf8")).toMatch(
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*fill="white"[^]*the method[^]*<\/svg>\n$/u,
  );

  // Results and tables are for every machine.
  for (const file of [
    "table.md",
    "table.json",
    "figure.svg",
    "times.json",
    ...readdirSync(at("out/results")).map((name) => `results/${name}`),
  ])
    expect(readFileSync(at(`out/${file}`), "utf8")).not.toContain(folder);

  // What is finished stays as it was trained, and can be measured again.
  const before = readFileSync(at("out/results/method-seed2.json"), "utf8");
  await expect(attempt("out", { rows: ["alone"], sets: ["loss.kl_weight=0.5"] })).rejects.toThrow(
    new UserError(
      `row alone-1 was trained with another config in ${at("out")}, so its results cannot be added to: loss.kl_weight was 0.1, is now 0.5; put the config back, or choose another folder with --out`,
    ),
  );
  rmSync(at("out/times.json"));
  expect(await attempt("out", { timesOnly: true })).toBe("finished");
  expect(Object.keys((JSON.parse(readFileSync(at("out/times.json"), "utf8")) as { rows: object }).rows)).toEqual([
    "alone-1",
    "alone-3",
    "method",
  ]);
  expect(readFileSync(at("out/results/method-seed2.json"), "utf8")).toBe(before);
});

it("with a budget: every run has the same number of epochs, which stays when the experiment goes on", async () => {
  const stopped = new AbortController();
  const stop: Partial<RunObserver> = { message: (text) => void (text.startsWith("run 1") && stopped.abort()) };
  expect(await attempt("budget", { rows: ["alone"], budget: 0.5, signal: stopped.signal, observer: stop })).toBe(
    "interrupted",
  );
  const state = JSON.parse(readFileSync(at("budget/experiment.json"), "utf8")) as {
    epochs: number;
    budget: { minutes: number; rows: object };
  };
  expect(state.epochs).toBeGreaterThan(1);
  expect(state.budget.minutes).toBe(0.5);
  expect(Object.keys(state.budget.rows)).toEqual(["alone-1", "alone-3"]);
  expect(existsSync(at("budget/results"))).toBe(false);

  writeFileSync(at("budget/experiment.json"), JSON.stringify({ ...state, epochs: 2 }));
  const messages: string[] = [];
  expect(await attempt("few", { rows: ["method"], budget: 0.001 }).catch((error: Error) => error.message)).toMatch(
    /^--budget: 0\.001 minutes are too few for 2 runs; one epoch each needs \d+ minutes/u,
  );
  rmSync(at("budget/alone-1-seed1"), { recursive: true });
  expect(
    await attempt("budget", {
      rows: ["alone-3"],
      budget: 9,
      observer: { message: (text) => void messages.push(text) },
    }),
  ).toBe("finished");
  expect(messages[0]).toBe(
    `the length of the runs stays as it was chosen when the experiment in ${at("budget")} began: 2 epochs`,
  );
  expect(summaryOf("budget").lines.map(({ row, epochs, steps }) => [row, epochs, steps])).toEqual([["alone-3", 2, 4]]);
});
