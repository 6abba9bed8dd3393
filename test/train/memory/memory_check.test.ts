import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { UserError } from "../../../engine/errors.ts";
import type { TrainConfig } from "../../../config/config.ts";
import { largestBatch } from "../../../train/memory/largest_batch.ts";
import { memoryAdvice } from "../../../train/memory/memory_advice.ts";
import { checkMemory } from "../../../train/memory/memory_check.ts";
import { memoryLimit, parseNvidiaSmi } from "../../../train/memory/memory_limit.ts";
import { planMemory, planStep } from "../../../train/memory/memory_plan.ts";
import { planEvaluation } from "../../../recognition/memory.ts";
import { smallConfig } from "../small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

/** A config that leaves nothing to the plan. */
const recomputing = (...sets: string[]): TrainConfig => smallConfig("unfold.checkpointing=true", ...sets);

const UNITS = 6;
const MIB = 2 ** 20;
const utterances = Array.from({ length: 40 }, (_, i) => ({ frames: 200 + 10 * i, labels: { length: 5 } }));
const needs = (config: TrainConfig) =>
  planStep(device, config, UNITS, largestBatch(utterances, config.batch, 4)).totalBytes;
const data = { vocabulary: UNITS, training: utterances, evaluated: [utterances.slice(0, 3), utterances.slice(0, 20)] };
const message = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("advice", () => {
  it("a smaller batch is the largest that fits, with the accumulation that makes up for it", () => {
    const config = recomputing("batch.size=16");
    const limit = needs(recomputing("batch.size=5"));
    expect(memoryAdvice(device, config, UNITS, utterances, limit)).toMatch(
      /^batch\.size=5 \(with batch\.accumulate=4 for as much data per step\)/,
    );
    expect(needs(recomputing("batch.size=6"))).toBeGreaterThan(limit);
  });

  it("by frames: a round number that fits, not far below one that does not", () => {
    const config = recomputing("batch.frames=9000");
    const limit = needs(recomputing("batch.frames=3000"));
    const value = Number(/^batch\.frames=(\d+)/.exec(memoryAdvice(device, config, UNITS, utterances, limit)!)![1]);
    expect(value % 100).toBe(0);
    expect(needs(recomputing(`batch.frames=${value}`))).toBeLessThanOrEqual(limit);
    expect(value).toBeGreaterThan(2500);
  });

  it("recomputation, with what it then needs", () => {
    const config = smallConfig("unfold.checkpointing=false", "batch.size=16", "unfold.depths=[2, 12]");
    expect(
      memoryAdvice(
        device,
        config,
        UNITS,
        utterances,
        needs({ ...config, unfold: { ...config.unfold, checkpointing: true } }),
      ),
    ).toMatch(/ or unfold\.checkpointing=true \([\d.]+ MiB\)/);
  });

  it("nothing helps where the model itself is too large", () => {
    expect(memoryAdvice(device, recomputing(), UNITS, utterances, 1000)).toBeUndefined();
  });
});

describe("the check before the first epoch", () => {
  it("shows a table whose rows are whole numbers of bytes with their units", () => {
    const shown: string[] = [];
    checkMemory(device, recomputing("batch.size=4"), data, (text) => shown.push(text));
    const lines = shown.join("\n").split("\n");
    expect(lines[0]).toBe("device memory of the largest batch, 4 utterances of 590 frames:");
    expect(lines.filter((line) => /(training|evaluation|inference)/.test(line))).toHaveLength(2 + 2 * 2);
    for (const line of lines.filter((text) => text.includes("training, ")))
      expect(line).toMatch(/( +[\d.]+ [KM]iB){4}\s*$/);
  });

  it("lets through what fits, and shows the plan as a table", () => {
    const tables: string[] = [];
    const { record, warnings } = checkMemory(device, recomputing("memory.limit_gib=4"), data, (table) =>
      tables.push(table),
    );
    expect(warnings).toEqual([]);
    const [batch, evaluated] = [
      { size: 16, frames: 590, labels: 5 },
      { size: 16, frames: 390, labels: 5 },
    ];
    const evaluation = planEvaluation(device, recomputing(), UNITS, evaluated);
    expect(record).toEqual({
      type: "plan",
      ...planMemory(device, recomputing(), UNITS, batch),
      evaluation,
      limit: { bytes: 4 * 1024 * MIB, source: "memory.limit_gib" },
    });
    const lines = tables[0]!.split("\n");
    expect(lines[0]).toBe("device memory of the largest batch, 16 utterances of 590 frames:");
    expect(
      lines.map((line) => /^ *((?:training|evaluation|inference), .*?) {2}/.exec(line)?.[1]).filter(Boolean),
    ).toEqual([
      "training, depths 4 + 2",
      "evaluation, depths 2 + 4, 16 utterances of 390 frames",
      "training, depth 2 alone",
      "training, depth 4 alone",
      "inference, depth 2",
      "inference, depth 4",
    ]);
    expect(lines.at(-1)).toContain("Available: 4.00 GiB (memory.limit_gib)");
  });

  it("stops what does not fit in one sentence with advice, or warns of it", () => {
    const limit = `memory.limit_gib=${needs(recomputing("batch.size=4")) / 1024 / MIB}`;
    const text = message(() => checkMemory(device, recomputing(limit), data, () => undefined));
    expect(text).toMatch(
      /^training with 16 x 590 frames as the largest batch needs [\d.]+ MiB of device memory, but only [\d.]+ MiB are available \(memory\.limit_gib, which memory\.check=false ignores\): it fits with batch\.size=4 /,
    );
    const { record, warnings } = checkMemory(device, recomputing(limit, "memory.check=false"), data, () => undefined);
    expect(record!.joint.totalBytes).toBeGreaterThan(record!.limit!.bytes);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toBe(text.replace(", which memory.check=false ignores", ""));
  });

  it("also where only the evaluation between steps does not fit", () => {
    const config = recomputing("batch.size=1", "eval.batch_size=20");
    const frames = 390;
    const { totalBytes } = planEvaluation(device, config, UNITS, { size: 7, frames, labels: 5 });
    const tables: string[] = [];
    const text = message(() =>
      checkMemory(device, { ...config, memory: { limitGib: totalBytes / 1024 / MIB, check: true } }, data, (table) =>
        tables.push(table),
      ),
    );
    expect(text).toMatch(
      /^evaluation with 20 x 390 frames as the largest batch needs .*: it fits with eval\.batch_size=7$/,
    );
    expect(planEvaluation(device, config, UNITS, { size: 8, frames, labels: 5 }).totalBytes).toBeGreaterThan(
      totalBytes,
    );
    expect(tables).toHaveLength(1);
  });

  it("names a tensor that is larger than what the device binds", () => {
    const frames = Math.ceil(device.limits.maxStorageBufferBindingSize / (256 * 39 * 4) / 3);
    const long = [...Array<(typeof utterances)[0]>(12).fill({ frames, labels: { length: 5 } })];
    const wide = recomputing("features.bins=80", "model.subsampling_channels=256", "memory.limit_gib=100000");
    expect(message(() => checkMemory(device, wide, { ...data, training: long }, () => undefined))).toMatch(
      /^training with 12 x \d+ frames as the largest batch does not fit: .*at most \d+: it fits with batch\.size=\d \([^:;]*$/,
    );
  });
});

describe("how much there is", () => {
  it.each([
    ["memory.limit_gib=0", "a number over 0"],
    ["memory.check=maybe", "true or false"],
  ])("%s is refused", (set, expected) => {
    expect(message(() => recomputing(set))).toContain(`${set.split("=")[0]}: expected ${expected}, got `);
  });

  it("the config's limit comes first, then what is free", () => {
    expect(memoryLimit(device, 1.5)).toEqual({ bytes: 1536 * MIB, source: "memory.limit_gib" });
    const free = memoryLimit({ info: device.info, isSoftware: true, pool: device.pool }, null)!;
    expect(free.source).toBe("free memory of this machine");
    expect(free.bytes).toBeGreaterThan(64 * MIB);
  });

  it("of an NVIDIA card by its name; of several of them the least; null for others", () => {
    const output = "NVIDIA H100 80GB HBM3, 81000\nNVIDIA T4, 15000\nNVIDIA H100 80GB HBM3, 500\n";
    expect(parseNvidiaSmi(output, "NVIDIA H100 80GB HBM3")).toBe(500 * MIB);
    expect(parseNvidiaSmi(output, "NVIDIA T4")).toBe(15000 * MIB);
    expect(parseNvidiaSmi(output, "AMD Radeon")).toBeNull();
    expect(parseNvidiaSmi("no devices were found", "NVIDIA T4")).toBeNull();
  });
});
