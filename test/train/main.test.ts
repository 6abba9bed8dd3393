import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDevice, type Device } from "../../engine/device.ts";
import { RunError, UserError } from "../../engine/errors.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { readLog } from "../../train/log/log.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { readManifest } from "../../data/manifest/manifest.ts";
import { evaluateManifest } from "../../recognition/evaluation/evaluate_manifest.ts";
import { openRecogniser } from "../../recognition/open_recogniser.ts";
import type { ResultRecord } from "../../train/log/log_records.ts";
import { train } from "../../train/main.ts";
import { silentObserver, type RunObserver } from "../../train/run/run_observer.ts";
import { parseSafetensors, serialiseSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-train-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Attempt {
  sets?: string[];
  resume?: boolean;
  force?: boolean;
  signal?: AbortSignal;
  observe?: (device: Device) => Partial<RunObserver>;
}

/** What train() gave or threw, on a device of its own. */
async function attempt(
  run: string,
  { sets = [], resume = false, force = false, signal = new AbortController().signal, observe }: Attempt = {},
): Promise<unknown> {
  const device = await openDevice();
  try {
    const observer = { ...silentObserver, ...observe?.(device) };
    return await train(device, loadConfig(at("config.yaml"), ["log.every_steps=1", ...sets]), {
      folder: at(run),
      resume,
      force,
      signal,
      observer,
    });
  } catch (error) {
    return error;
  } finally {
    device.close();
  }
}

/** Stops a run by `stop` when it logs this step. */
const atStep = (step: number, stop: () => void): Partial<RunObserver> => ({
  record: (record) => {
    if (record.type === "step" && record.step === step) stop();
  },
});

// Step 5 is followed by an evaluation, 6 by another step, 8 by a checkpoint.
it.each([5, 6, 8])(
  "a device lost after step %i: one sentence, also in the log; the checkpoint before it stays",
  async (lost) => {
    rmSync(at("lost"), { recursive: true, force: true });
    const error = await attempt("lost", { observe: (device) => atStep(lost, () => device.gpu.destroy()) });
    expect(error).toBeInstanceOf(RunError);
    expect((error as Error).message).toMatch(/^the device was lost \(.+\): [^\n]+$/);
    expect(readLog(at("lost/log.jsonl")).at(-1)).toEqual({ type: "end", reason: (error as Error).message });
    expect(JSON.parse(readFileSync(at("lost/last.json"), "utf8"))).toMatchObject({ step: 4 });
  },
);

it("a weight that is NaN: the loss, the step, the batch and where the weights are; no checkpoint is written over", async () => {
  const stopped = new AbortController();
  expect(await attempt("nan", { signal: stopped.signal, observe: () => atStep(2, () => stopped.abort()) })).toBe(
    "interrupted",
  );
  const file = at("nan/last.safetensors");
  const { tensors, metadata } = parseSafetensors(readFileSync(file), file);
  (tensors.get("ctc_lo.weight")!.values as Float32Array)[3] = NaN;
  writeFileSync(file, serialiseSafetensors(tensors, metadata));
  const before = readFileSync(file);

  const error = await attempt("nan", { resume: true });
  expect(error).toBeInstanceOf(RunError);
  expect((error as Error).message).toBe(
    `the loss became NaN at step 3, in the batch of ${/batch of (.+?):/.exec((error as Error).message)?.[1]}: first NaN in linear of 'head', with NaN in the weights ctc_lo.weight; ` +
      `the current weights are in ${at("nan/diverged.safetensors")}, the last good checkpoint is untouched`,
  );
  expect((error as Error).message).toMatch(/batch of u\d, u\d:/);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(at("nan"))).toContain("diverged.safetensors");
});

it("NaN is found before it is saved or tested, however rarely the log is written", async () => {
  const error = await attempt("rare", {
    sets: ["log.every_steps=1000", "optimizer.learning_rate=1e30", "eval.every_steps=2", "checkpoint.every_steps=3"],
  });
  expect((error as Error).message).toMatch(/^the loss became NaN at step 2, /);
  expect(readdirSync(at("rare")).filter((name) => /^(last|best)/.test(name))).toEqual([
    "last.json",
    "last.safetensors",
  ]);
  expect(JSON.parse(readFileSync(at("rare/last.json"), "utf8"))).toMatchObject({ step: 0, best: null });
});

it("interrupted before its first step, a run can be resumed; interrupted before its audio is read, it begins anew", async () => {
  expect(await attempt("unread", { sets: ["steps=1"], signal: AbortSignal.abort() })).toBe("interrupted");
  expect(await attempt("unread", { sets: ["steps=1"] })).toBe("finished");
  const stop = new AbortController();
  const atStart: Partial<RunObserver> = { record: ({ type }) => void (type === "start" && stop.abort()) };
  expect(await attempt("early", { sets: ["steps=1"], signal: stop.signal, observe: () => atStart })).toBe(
    "interrupted",
  );
  expect(await attempt("early", { sets: ["steps=1"], resume: true })).toBe("finished");
});

it("the gradient's norm is the mean over steps, whatever they are made of", async () => {
  // One batch a step, or the same two utterances in two batches: without chance, the same gradient.
  const still = [
    "steps=1",
    "data.train=dev.jsonl",
    "model.dropout=0",
    "spec_augment=null",
    "model.conv_norm=layer_norm",
    "loss.kl_weight=0",
  ];
  expect(await attempt("one", { sets: [...still, "batch.accumulate=1"] })).toBe("finished");
  expect(await attempt("two", { sets: [...still, "batch.size=1"] })).toBe("finished");
  const [one, two] = ["one", "two"].map((run) =>
    readLog(at(`${run}/log.jsonl`)).find((record) => record.type === "step"),
  );
  expect(two!.gradNorm / one!.gradNorm).toBeCloseTo(1, 4);
  expect(two!.loss / one!.loss).toBeCloseTo(1, 4);
});

it("with early stop a run ends when the WER of the deepest path no longer falls: logged, saved, averaged and tested as at its last step", async () => {
  const sets = [
    "early_stop.patience=2",
    "eval.every_steps=2",
    "log.every_steps=3",
    "checkpoint.keep_best=2",
    "checkpoint.keep_last=2",
    "checkpoint.every_steps=3",
    "checkpoint.average={of: last}",
  ];
  const never = ["optimizer.learning_rate=1e-9", ...sets]; // learns nothing
  expect(await attempt("stopped", { sets: never })).toBe("finished");
  const records = readLog(at("stopped/log.jsonl"));
  expect(records.flatMap((record) => (record.type === "dev" ? [record.step] : []))).toEqual([2, 4, 6]);
  expect(records.flatMap((record) => (record.type === "step" ? [record.step] : []))).toEqual([3, 6]);
  expect(records.at(-1)).toEqual({ type: "end", reason: "finished", stoppedEarly: 6 });
  const {
    wer: [best],
  } = { wer: records.flatMap((record) => (record.type === "dev" ? [record.wer["3"]] : [])) };
  expect(records.find((record) => record.type === "average")).toMatchObject({
    of: "last",
    steps: [6, 3],
    bestWer: best,
    tested: "best",
  });
  expect(
    readdirSync(at("stopped"))
      .filter((name) => name.endsWith("safetensors"))
      .sort(),
  ).toEqual([
    "average.safetensors",
    "best-000004.safetensors",
    "best.safetensors",
    "last-000003.safetensors",
    "last.safetensors",
  ]);
  const beside = JSON.parse(readFileSync(at("stopped/last.json"), "utf8")) as object;
  expect(beside).toMatchObject({
    step: 6,
    patience: { evaluations: 2 },
    metrics: { train: { step: 6 }, dev: { step: 6, wer: { 1: expect.any(Number) as number, 3: best } } },
  });

  // Resumed, it has nothing left but its tests.
  expect(await attempt("stopped", { sets: never, resume: true })).toBe("finished");
  const measured = (record: object): boolean =>
    !["start", "plan", "end", "result"].includes((record as { type: string }).type);
  expect(readLog(at("stopped/log.jsonl")).filter(measured)).toEqual(records.filter(measured));
});

it("a changed config is refused, and with force gone on with where the model's shape is the same", async () => {
  expect(await attempt("changed", { sets: ["steps=2"] })).toBe("finished");
  const file = at("changed/last.safetensors");
  const before = [readFileSync(file), readFileSync(at("changed/log.jsonl"))];
  const refused = await attempt("changed", { sets: ["steps=3", "batch.size=3"], resume: true });
  expect(refused).toBeInstanceOf(UserError);
  expect((refused as Error).message).toBe(
    `${file} was trained with another config, so the run cannot be resumed exactly: batch.size was 2, is now 3, steps was 2, is now 3; add --force to resume with the new one`,
  );
  const larger = await attempt("changed", { sets: ["steps=3", "model.dim=32"], resume: true, force: true });
  expect((larger as Error).message).toBe(
    `${file} was trained with another config: model.dim was 16, is now 32, steps was 2, is now 3; this changes the model, so a new run is needed: choose another folder with --out`,
  );
  expect([readFileSync(file), readFileSync(at("changed/log.jsonl"))]).toEqual(before);

  expect(await attempt("changed", { sets: ["steps=3", "batch.size=3"], resume: true, force: true })).toBe("finished");
  const records = readLog(at("changed/log.jsonl"));
  expect(records).toContainEqual({
    type: "warning",
    message: "resumed with --force despite changes: batch.size was 2, is now 3, steps was 2, is now 3",
  });
  expect(records.flatMap((record) => (record.type === "step" ? [record.step] : []))).toEqual([1, 2, 3]);
});

it("a run that is ended by force before its first evaluation is tested as it is", async () => {
  const stop = new AbortController();
  expect(
    await attempt("shortened", {
      sets: ["steps=4"],
      signal: stop.signal,
      observe: () => atStep(2, () => stop.abort()),
    }),
  ).toBe("interrupted");
  expect(await attempt("shortened", { sets: ["steps=2"], resume: true, force: true })).toBe("finished");
  expect(
    readLog(at("shortened/log.jsonl"))
      .map(({ type }) => type)
      .slice(-3),
  ).toEqual(["dev", "result", "end"]);
});

it("a second run in the same folder is refused while the first is at work, and leaves it alone", async () => {
  let second: Promise<unknown> | undefined;
  expect(
    await attempt("twice", {
      sets: ["steps=2"],
      observe: () => atStep(1, () => (second = attempt("twice", { sets: ["steps=2"], resume: true }))),
    }),
  ).toBe("finished");
  const error = await second;
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(
    new RegExp(`^another run is writing to .+twice: process ${process.pid} on `),
  );
  expect(readLog(at("twice/log.jsonl")).at(-1)).toEqual({ type: "end", reason: "finished" });
  expect(readdirSync(at("twice"))).not.toContain("run.lock");
});

it("a hybrid is evaluated by its config's search on dev, which picks the best checkpoint, and on the test sets", async () => {
  const decoder = "model.decoder={blocks: 1, feed_forward_dim: 16}";
  const search = ["eval.search=joint", "eval.ctc_weight=0.6", "eval.length_bonus=1", "eval.beam=3"];
  const sets = ["steps=2", "eval.every_steps=1", "unfold.depths=[1, 2]", "loss.middle_depths=0", decoder, ...search];
  expect(await attempt("hybrid", { sets })).toBe("finished");
  const log = readLog(at("hybrid/log.jsonl"));
  const devs = log.flatMap((record) => (record.type === "dev" ? [record] : []));
  const { rows } = log.find((record) => record.type === "result") as ResultRecord;

  const device = await openDevice();
  try {
    const recogniser = openRecogniser(device, at("hybrid"));
    const decoding = { kind: "joint", ctcWeight: 0.6, lengthBonus: 1 } as const;
    const manifest = await readManifest(at("dev.jsonl"));
    const paths = evaluatedPaths(recogniser.config);
    const expected = await evaluateManifest(
      device,
      recogniser,
      manifest,
      paths,
      { beam: 3, lm: null, decoding },
      silentObserver,
    );
    const byCtc = await evaluateManifest(device, recogniser, manifest, paths, { beam: 3, lm: null }, silentObserver);
    const rates = (scores: readonly { wer: number; cer: number }[]) => scores.map(({ wer, cer }) => [wer, cer]);
    expect(rates(rows)).toEqual(rates(expected));
    expect(rates(rows)).not.toEqual(rates(byCtc));
    const best = JSON.parse(readFileSync(at("hybrid/best.json"), "utf8")) as { step: number; best: { wer: number } };
    expect(devs.find(({ step }) => step === best.step)!.wer).toEqual({ 1: expected[0]!.wer, 2: expected[1]!.wer });
    expect(best.best.wer).toBe(expected[1]!.wer);
  } finally {
    device.close();
  }
});
