import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { readLog, type StepRecord } from "../../train/log/log.ts";
import { train } from "../../train/main.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { parseSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { writeSmallCorpus } from "../small_corpus.ts";
import { testDevice } from "../test_device.ts";

// A hybrid with every dropout, whose decoder unfolds too, from config to checkpoint.
const device = testDevice();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-hybrid-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sets = [
  "log.every_steps=1",
  "steps=4",
  "model.decoder={blocks: 2, feed_forward_dim: 16, attention_dropout: 0.2}",
  "model.dropout=0.1",
  "model.attention_dropout=0.2",
  "model.position_dropout=0.1",
  "model.ctc_dropout=0.1",
  "unfold.decoder=proportional",
];

/** Trains to the end, or until a step. */
function run(name: string, until = Infinity, resume = false): Promise<unknown> {
  const stopping = new AbortController();
  return train(device(), loadConfig(at("config.yaml"), sets), {
    folder: at(name),
    resume,
    force: false,
    signal: stopping.signal,
    observer: {
      ...silentObserver,
      record: (record) => {
        if (record.type === "step" && record.step === until) stopping.abort();
      },
    },
  });
}

const steps = (name: string) =>
  readLog(at(`${name}/log.jsonl`))
    .filter((record): record is StepRecord => record.type === "step")
    .map(({ step, loss, ctc, attention, kl, gradNorm }) => ({ step, loss, ctc, attention, kl, gradNorm }));

it("resumed, gives what it would have given without interruption, to the bit", async () => {
  expect(await run("whole")).toBe("finished");
  expect(await run("parts", 2)).toBe("interrupted");
  expect(await run("parts", Infinity, true)).toBe("finished");
  expect(steps("whole")).toHaveLength(4);
  expect(steps("parts")).toEqual(steps("whole"));
  const weights = (name: string) => {
    const file = at(`${name}/last.safetensors`);
    return [...parseSafetensors(readFileSync(file), file).tensors].filter(([tensor]) => tensor.startsWith("decoder."));
  };
  expect(weights("whole").length).toBeGreaterThan(20);
  expect(weights("parts")).toEqual(weights("whole"));
});
