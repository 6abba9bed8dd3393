import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDevice, type Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { loadConfig } from "../../train/config.ts";
import { readLog } from "../../train/log.ts";
import { train } from "../../train/main.ts";
import { silentObserver, type RunObserver } from "../../train/run_observer.ts";
import { parseSafetensors, serialiseSafetensors } from "../../train/safetensors.ts";
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
  signal?: AbortSignal;
  observe?: (device: Device) => Partial<RunObserver>;
}

/** What train() gave or threw, on a device of its own. */
async function attempt(run: string, { sets = [], resume = false, signal = new AbortController().signal, observe }: Attempt = {}): Promise<unknown> {
  const device = await openDevice();
  try {
    const observer = { ...silentObserver, ...observe?.(device) };
    return await train(device, loadConfig(at("config.yaml"), ["log.every_steps=1", ...sets]), { folder: at(run), resume, signal, observer });
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
it.each([5, 6, 8])("a device lost after step %i: one sentence, also in the log; the checkpoint before it stays", async (lost) => {
  rmSync(at("lost"), { recursive: true, force: true });
  const error = await attempt("lost", { observe: (device) => atStep(lost, () => device.gpu.destroy()) });
  expect(error).toBeInstanceOf(RunError);
  expect((error as Error).message).toMatch(/^the device was lost \(.+\): [^\n]+$/);
  expect(readLog(at("lost/log.jsonl")).at(-1)).toEqual({ type: "end", reason: (error as Error).message });
  expect(JSON.parse(readFileSync(at("lost/last.json"), "utf8"))).toMatchObject({ step: 4 });
});

it("a weight that is NaN: the loss, the step, the batch and where the weights are; no checkpoint is written over", async () => {
  const stopped = new AbortController();
  expect(await attempt("nan", { signal: stopped.signal, observe: () => atStep(2, () => stopped.abort()) })).toBe("interrupted");
  const file = at("nan/last.safetensors");
  const { tensors, metadata } = parseSafetensors(readFileSync(file), file);
  (tensors.get("ctc_lo.weight")!.values as Float32Array)[3] = NaN;
  writeFileSync(file, serialiseSafetensors(tensors, metadata));
  const before = readFileSync(file);

  const error = await attempt("nan", { resume: true });
  expect(error).toBeInstanceOf(RunError);
  expect((error as Error).message).toBe(
    `the loss became NaN at step 3, in the batch of ${/batch of (.+?):/.exec((error as Error).message)?.[1]}: first NaN in linear of 'head', with NaN among the weights ctc_lo.weight; ` +
      `the weights as they are now are in ${at("nan/diverged.safetensors")}, the last good checkpoint is untouched`,
  );
  expect((error as Error).message).toMatch(/batch of u\d, u\d:/);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(at("nan"))).toContain("diverged.safetensors");
});

it("NaN is found before it is saved or tested, however rarely the log is written", async () => {
  const error = await attempt("rare", { sets: ["log.every_steps=1000", "optimizer.learning_rate=1e30", "eval.every_steps=2", "checkpoint.every_steps=3"] });
  expect((error as Error).message).toMatch(/^the loss became NaN at step 2, /);
  expect(readdirSync(at("rare")).filter((name) => /^(last|best)/.test(name))).toEqual(["last.json", "last.safetensors"]);
  expect(JSON.parse(readFileSync(at("rare/last.json"), "utf8"))).toMatchObject({ step: 0, best: null });
});

it("interrupted before its first step, a run can be resumed", async () => {
  expect(await attempt("early", { sets: ["steps=1"], signal: AbortSignal.abort() })).toBe("interrupted");
  expect(await attempt("early", { sets: ["steps=1"], resume: true })).toBe("finished");
});

it("the gradient's norm is the mean over steps, whatever they are made of", async () => {
  // One batch a step, or the same two utterances in two batches: without chance, the same gradient.
  const still = ["steps=1", "data.train=dev.jsonl", "model.dropout=0", "spec_augment=null", "model.conv_norm=layer_norm", "loss.kl_weight=0"];
  expect(await attempt("one", { sets: [...still, "batch.accumulate=1"] })).toBe("finished");
  expect(await attempt("two", { sets: [...still, "batch.size=1"] })).toBe("finished");
  const [one, two] = ["one", "two"].map((run) => readLog(at(`${run}/log.jsonl`)).find((record) => record.type === "step"));
  expect(two!.gradNorm / one!.gradNorm).toBeCloseTo(1, 4);
  expect(two!.loss / one!.loss).toBeCloseTo(1, 4);
});
