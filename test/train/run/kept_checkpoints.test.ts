import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CheckpointState } from "../../../checkpoint/checkpoint.ts";
import { loadCheckpoint, writeCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { byErrorRate, KeptCheckpoints, type KeepingConfig } from "../../../train/run/kept_checkpoints.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-kept-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A run of checkpoints without a model: the tensor says which step it is of. */
class Run {
  readonly checkpoints: KeptCheckpoints;
  #saves: number;

  /** @param saves so many checkpoints are written; the next one is killed when the files that are in its way have got other names */
  constructor(config: Partial<KeepingConfig>, { resume = false, saves = Infinity } = {}) {
    const resumed = resume ? loadCheckpoint(at("last.safetensors")).state : undefined;
    this.checkpoints = new KeptCheckpoints(
      folder,
      { everySteps: 2, keepLast: 1, keepBest: 1, ...config },
      byErrorRate,
      resumed,
    );
    this.#saves = saves;
  }

  last = (step: number): Promise<void> => this.checkpoints.last(step, this.#save(step));
  evaluated = (step: number, wer: number): Promise<void> => this.checkpoints.evaluated({ wer, step }, this.#save(step));

  #save =
    (step: number) =>
    (path: string): Promise<void> => {
      if (this.#saves-- === 0) throw new Error("killed");
      const state = {
        format: "unfold-checkpoint/1",
        config: { model: {}, unfold: {} },
        units: { blank: 0, characters: ["a"] },
        cmvn: {},
        step,
        seconds: 0,
        sampler: { epoch: 0, batch: step },
        ...this.checkpoints.state,
      } as unknown as CheckpointState;
      writeCheckpoint(path, { step: { dtype: "F32", shape: [1], values: Float32Array.of(step) } }, state);
      return Promise.resolve();
    };
}

/** The files by name, each with the step of its contents; that of the JSON beside has to be the same. */
const contents = (): Record<string, number> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith(".safetensors"))
      .sort()
      .map((name) => {
        const { state, tensors } = loadCheckpoint(join(folder, name));
        const beside = JSON.parse(readFileSync(join(folder, name.replace("safetensors", "json")), "utf8")) as {
          step: number;
        };
        expect([tensors.get("step")!.values[0], beside.step]).toEqual([state.step, state.step]);
        return [name, state.step];
      }),
  );

describe("kept beside the newest and the best", () => {
  it("one of each, unless more are asked for", async () => {
    const run = new Run({});
    for (const [step, wer] of [
      [2, 0.5],
      [4, 0.6],
      [6, 0.4],
    ] as const) {
      await run.evaluated(step, wer);
      await run.last(step);
    }
    expect(contents()).toEqual({ "last.safetensors": 6, "best.safetensors": 6 });
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it("the last, but not those of an interrupted run, which an uninterrupted one does not have", async () => {
    const run = new Run({ keepLast: 3 });
    for (const step of [0, 2, 4, 5, 6, 8]) await run.last(step);
    expect(contents()).toEqual({ "last.safetensors": 8, "last-000006.safetensors": 6, "last-000004.safetensors": 4 });
    expect(run.checkpoints.files("last", 2).map((file) => loadCheckpoint(file).state.step)).toEqual([8, 6]);
  });

  it("the best by WER, of equals the earlier one first", async () => {
    const run = new Run({ keepBest: 3 });
    for (const [step, wer] of [
      [1, 0.5],
      [2, 0.4],
      [3, 0.5],
      [4, 0.9],
      [5, 0.3],
    ] as const)
      await run.evaluated(step, wer);
    await run.last(6);
    expect(run.checkpoints.ranking).toEqual([
      { step: 5, wer: 0.3 },
      { step: 2, wer: 0.4 },
      { step: 1, wer: 0.5 },
    ]);
    expect(contents()).toEqual({
      "last.safetensors": 6,
      "best.safetensors": 5,
      "best-000002.safetensors": 2,
      "best-000001.safetensors": 1,
    });
    expect(run.checkpoints.files("best", 9).map((file) => loadCheckpoint(file).state.step)).toEqual([5, 2, 1]);
  });

  it("of equal WER the one of lower CER, as at first all have 100 %", async () => {
    const { checkpoints } = new Run({ keepBest: 3 });
    for (const [step, cer] of [
      [1, 0.9],
      [2, 0.7],
      [3, 0.7],
      [4, 0.8],
    ] as const)
      await checkpoints.evaluated({ wer: 1, cer, step }, () => Promise.resolve());
    expect(checkpoints.ranking.map(({ step }) => step)).toEqual([2, 3, 4]);
  });

  it("fewer after resuming with fewer to keep", async () => {
    const run = new Run({ keepBest: 3, keepLast: 3 });
    for (const step of [2, 4, 6]) {
      await run.evaluated(step, 1 / step);
      await run.last(step);
    }
    new Run({}, { resume: true });
    expect(contents()).toEqual({ "last.safetensors": 6, "best.safetensors": 6 });
  });
});

describe("a killed run", () => {
  const wers = [0.9, 0.8, 0.7, 0.75, 0.6, 0.5, 0.65, 0.4];

  /** Evaluations at every step, a checkpoint at every second. */
  async function train(run: Run, from = 0): Promise<void> {
    if (from === 0) await run.last(0);
    for (const [i, wer] of wers.entries()) {
      const step = i + 1;
      if (step <= from) continue;
      await run.evaluated(step, wer);
      if (step % 2 === 0) await run.last(step);
    }
  }

  it.each([1, 2, 3])(
    "that is resumed has what its last checkpoint counts on, and ends with the same files; %d of each kept",
    async (keep) => {
      const config = { keepBest: keep, keepLast: keep };
      await train(new Run(config));
      const expected = contents();
      for (let saves = 1; saves <= 10; saves++) {
        for (const name of readdirSync(folder)) rmSync(at(name));
        await expect(train(new Run(config, { saves }))).rejects.toThrow("killed");
        const resumed = new Run(config, { resume: true });
        const { step } = loadCheckpoint(at("last.safetensors")).state;
        expect(resumed.checkpoints.files("best", keep).map((file) => loadCheckpoint(file).state.step)).toEqual(
          resumed.checkpoints.ranking.map(({ step: kept }) => kept),
        );
        await train(resumed, step);
        expect(contents()).toEqual(expected);
      }
    },
  );

  it("leaves no half-written file and no second name behind", async () => {
    const run = new Run({ keepLast: 2 });
    await run.last(2);
    await run.last(4);
    for (const name of ["last-000004.safetensors", "best-000002.json.partial", "last-000002.safetensors.partial"])
      copyFileSync(at("last.safetensors"), at(name));
    new Run({ keepLast: 2 }, { resume: true });
    expect(readdirSync(folder).sort()).toEqual([
      "last-000002.json",
      "last-000002.safetensors",
      "last.json",
      "last.safetensors",
    ]);
  });
});
