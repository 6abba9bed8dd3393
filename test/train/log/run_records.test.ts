import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { loadCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { type TrainConfig } from "../../../config/config.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { evaluatedPaths } from "../../../config/depths.ts";
import { inspectCheckpoint } from "../../../train/memory/inspect.ts";
import { LOG_FILE, readLog, type LogRecord } from "../../../train/log/log.ts";
import { train } from "../../../train/main.ts";
import { planStep } from "../../../train/memory/memory_plan.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { curvesOf, readEvents } from "./tensorboard/read_events.ts";

/*
 * What a whole run leaves beside its checkpoints: the plan of its memory, which its steps then keep to, and event files that
 * have the log's numbers, each once, also when it was interrupted in between.
 */

let folder: string;
let device: Device;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-records-"));
  await writeSmallCorpus(folder);
  device = await openDevice();
});
afterAll(() => {
  device.close();
  rmSync(folder, { recursive: true, force: true });
});

const configOf = (...sets: string[]): TrainConfig =>
  loadConfig(join(folder, "config.yaml"), ["steps=8", "data.workers=0", "data.cache=false", ...sets]);

/** Trains in a folder of that name; until a record of the log says to stop. */
function run(
  config: TrainConfig,
  name: string,
  { resume = false, until = (_: LogRecord): boolean => false } = {},
): Promise<string> {
  const abort = new AbortController();
  const observer = { ...silentObserver, record: (record: LogRecord) => until(record) && abort.abort() };
  return train(device, config, { folder: join(folder, name), resume, signal: abort.signal, observer });
}

const logOf = <T extends LogRecord["type"]>(name: string, type: T) =>
  readLog(join(folder, name, LOG_FILE)).filter(
    (record): record is Extract<LogRecord, { type: T }> => record.type === type,
  );

describe("a run that was interrupted and resumed", () => {
  beforeAll(async () => {
    expect(await run(configOf(), "run", { until: (record) => record.type === "step" && record.step === 3 })).toBe(
      "interrupted",
    );
    expect(await run(configOf(), "run", { resume: true })).toBe("finished");
  });

  it("has two event files with the numbers of the log, each once", () => {
    const files = readEvents(join(folder, "run"));
    expect(files).toHaveLength(2);
    const curves = curvesOf(files);
    const steps = logOf("run", "step");
    expect(steps.map(({ step }) => step)).toEqual([3, 6, 8]);
    expect(curves["loss/joint"]).toEqual(steps.map(({ step, loss }) => [step, Math.fround(loss)]));
    expect(curves["dev/wer_depth_3"]).toEqual(
      logOf("run", "dev").map(({ step, wer }) => [step, Math.fround(wer["3"]!)]),
    );
    const losses = logOf("run", "dev").map(({ step, loss }) => [step, Math.fround(loss!["3"]!)] as const);
    expect(curves["dev/loss_depth_3"]).toEqual(losses);
    expect(losses.every(([, loss]) => loss > 0)).toBe(true);
    const { dev } = loadCheckpoint(join(folder, "run")).state.metrics!;
    expect(dev!.loss).toEqual(logOf("run", "dev").find(({ step }) => step === dev!.step)!.loss);
    expect(curves["test/dev/wer_depth_1"]).toEqual([[8, Math.fround(logOf("run", "result")[0]!.rows[0]!.wer)]]);
  });

  it("has the plan of each part, and its steps need that and a ring of numbers", () => {
    const plans = logOf("run", "plan");
    expect(plans).toHaveLength(2);
    expect({ ...plans[1], limit: null }).toEqual({ ...plans[0], limit: null });
    expect(plans[0]!.evaluation!.batch).toMatchObject({ size: 2, labels: 2 }); // "ab" and "ba", for the loss on dev
    const peak = Math.max(...logOf("run", "step").map(({ gpuBytes }) => gpuBytes));
    expect(peak).toBeGreaterThan(plans[0]!.joint.totalBytes);
    expect(peak).toBeLessThanOrEqual(plans[0]!.joint.totalBytes + 1024);
  });
});

it("inspecting its checkpoint predicts memory, and takes none", () => {
  const before = device.pool.statistics;
  const checkpoint = loadCheckpoint(join(folder, "run"));
  const { depths, seconds, labels, units } = inspectCheckpoint(device, checkpoint);
  expect(device.pool.statistics).toEqual(before);
  expect({ seconds, units }).toEqual({ seconds: 10, units: 4 });
  const batch = { size: 1, frames: 1000, labels };
  expect(labels).toBeGreaterThan(1);
  for (const [i, path] of evaluatedPaths(configOf()).entries()) {
    const { activationBytes } = planStep(device, configOf("unfold.checkpointing=false"), units as number, batch, [
      path,
    ]);
    expect(depths[i]).toMatchObject({ depth: path.depth, trainingBytes: activationBytes });
    expect(depths[i]!.inferenceBytes).toBeLessThan(depths[i]!.checkpointedBytes);
  }
});

it("log.tensorboard: false leaves no event file", async () => {
  await run(configOf("log.tensorboard=false", "steps=1"), "plain");
  expect(readdirSync(join(folder, "plain")).filter((name) => name.startsWith("events"))).toEqual([]);
  expect(readdirSync(join(folder, "plain"))).toContain(LOG_FILE);
});

it("a run without room for its largest batch leaves nothing behind; without the check it is warned of", async () => {
  await expect(run(configOf("memory.limit_gib=0.0001"), "small")).rejects.toThrow(
    /^training with 2 x 67 frames as the largest batch needs .*, but only 105 KiB are available \(memory\.limit_gib, which memory\.check=false ignores\): /,
  );
  expect(readdirSync(join(folder, "small"))).toEqual([]);
  await run(configOf("memory.limit_gib=0.0001", "memory.check=false", "steps=1"), "unchecked");
  expect(logOf("unchecked", "warning").map(({ message }) => message)).toEqual([
    expect.stringMatching(/^training with 2 x 67 frames as the largest batch needs /),
  ]);
});

it("within a limit that leaves no room for buffers to wait, a run computes the same", async () => {
  const { joint, evaluation } = logOf("run", "plan")[0]!;
  const most = Math.max(joint.totalBytes, evaluation!.totalBytes) + 2048;
  device.trim();
  await run(configOf(`memory.limit_gib=${most / 2 ** 30}`, "unfold.checkpointing=false"), "tight");
  expect(device.pool.budget).toBe(most);
  expect(device.pool.statistics.allocatedBytes).toBeLessThanOrEqual(most);
  const losses = (name: string) => logOf(name, "step").map(({ step, loss }) => [step, loss]);
  expect(losses("tight")).toEqual(losses("run"));
});
