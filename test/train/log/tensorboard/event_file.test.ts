import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunError } from "../../../../engine/errors.ts";
import type { DevRecord, StepRecord } from "../../../../train/log/log.ts";
import { openEventFile, frameRecord, maskedChecksum } from "../../../../train/log/tensorboard/event_file.ts";
import { curvesOf, readEvents } from "./read_events.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "events-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

let clock = 1_740_821_400_250; // milliseconds
const now = (): number => (clock += 500);

const step = (at: number, loss = 100 / at): StepRecord => ({
  type: "step",
  step: at,
  epoch: 0,
  loss,
  ctc: { 2: loss * 1.5, 4: loss },
  kl: 0.25,
  learningRate: 0.001,
  gradNorm: 2.5,
  framesPerSecond: 5000,
  dataWaitShare: 0.125,
  gpuBytes: 3e9,
  skipped: 0,
  seconds: at,
});
const dev = (at: number): DevRecord => ({
  type: "dev",
  step: at,
  epoch: 0,
  wer: { 2: 0.5, 4: 0.25 },
  cer: { 2: 0.125, 4: 0.0625 },
  blankRatio: { 2: 0.75, 4: 0.875 },
});

describe("records are framed as TFRecord has them", () => {
  it("with masked checksums", () => {
    // CRC-32C of "123456789" is e3069283; of 32 zeros 8a9136aa (RFC 3720).
    expect(maskedChecksum(Buffer.from("123456789"))).toBe(
      (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0,
    );
    expect(maskedChecksum(new Uint8Array(32))).toBe((((0x8a9136aa >>> 15) | (0x8a9136aa << 17)) + 0xa282ead8) >>> 0);
    expect(frameRecord(Buffer.from("abc")).subarray(12, 15).toString()).toBe("abc");
  });
});

it("a log's numbers become curves, with the time of each", () => {
  const events = openEventFile(folder, { now });
  events.append({ type: "warning", message: "nothing to plot" });
  events.append(step(10));
  events.append({ ...dev(10), loss: { 2: 12.5, 4: 6.25 } });
  events.append({ ...step(20), loss: NaN, lossScale: 65536, skippedSteps: 3 });
  events.append({
    type: "result",
    set: "test",
    rows: [
      {
        depth: 4,
        wer: 0.5,
        cer: 0.25,
        substitutions: 1,
        deletions: 0,
        insertions: 0,
        words: 2,
        parameters: 1,
        realTimeFactor: 1,
      },
    ],
  });
  events.close();
  const files = readEvents(folder);
  expect(files).toHaveLength(1);
  expect(files[0]![0]).toMatchObject({ version: "brain.Event:2", scalars: {} });
  expect(files[0]!.map(({ wallTime }) => wallTime % 1)).toEqual(files[0]!.map((_, i) => (i % 2 ? 0.75 : 0.25)));
  expect(curvesOf(files)).toEqual({
    "loss/joint": [
      [10, 10],
      [20, NaN],
    ],
    "loss/ctc_depth_2": [
      [10, 15],
      [20, 7.5],
    ],
    "loss/ctc_depth_4": [
      [10, 10],
      [20, 5],
    ],
    "loss/kl": [
      [10, 0.25],
      [20, 0.25],
    ],
    "optimizer/learning_rate": [
      [10, Math.fround(0.001)],
      [20, Math.fround(0.001)],
    ],
    "optimizer/grad_norm": [
      [10, 2.5],
      [20, 2.5],
    ],
    "optimizer/loss_scale": [[20, 65536]],
    "optimizer/skipped_steps": [[20, 3]],
    "speed/frames_per_second": [
      [10, 5000],
      [20, 5000],
    ],
    "speed/data_wait_share": [
      [10, 0.125],
      [20, 0.125],
    ],
    "memory/gpu_bytes": [
      [10, 3e9],
      [20, 3e9],
    ],
    "dev/wer_depth_2": [[10, 0.5]],
    "dev/wer_depth_4": [[10, 0.25]],
    "dev/cer_depth_2": [[10, 0.125]],
    "dev/cer_depth_4": [[10, 0.0625]],
    "dev/loss_depth_2": [[10, 12.5]],
    "dev/loss_depth_4": [[10, 6.25]],
    "dev/blank_ratio_depth_2": [[10, 0.75]],
    "dev/blank_ratio_depth_4": [[10, 0.875]],
    "test/test/wer_depth_4": [[20, 0.5]],
    "test/test/cer_depth_4": [[20, 0.25]],
  });
});

it("a rate of 0 is a point of its curve", () => {
  const events = openEventFile(folder, { now });
  events.append({ ...dev(10), wer: { 2: 0.5, 4: 0 } });
  events.close();
  expect(curvesOf(readEvents(folder))).toMatchObject({ "dev/wer_depth_2": [[10, 0.5]], "dev/wer_depth_4": [[10, 0]] });
});

it("a part that goes on from a checkpoint takes back what was written after it, also of a record cut short", () => {
  const first = openEventFile(folder, { now });
  for (const at of [10, 20, 30, 40]) first.append(step(at));
  first.close();
  const [name] = readdirSync(folder);
  const { length } = readFileSync(join(folder, name!));
  truncateSync(join(folder, name!), length - 7);
  const second = openEventFile(folder, { resumeAt: 20, now });
  for (const at of [30, 40]) second.append(step(at, 1));
  second.close();
  const files = readEvents(folder);
  expect(files.map((events) => events.length)).toEqual([4, 4]);
  expect(curvesOf(files)["loss/joint"]).toEqual([
    [10, 10],
    [20, 5],
    [30, 1],
    [40, 1],
  ]);
});

it("a part resumed within the same second comes after the one before it", () => {
  const still = (): number => 1_740_821_400_000;
  openEventFile(folder, { now: still }).close();
  openEventFile(folder, { resumeAt: 5, now: still }).close();
  openEventFile(folder, { resumeAt: 7, now: still }).close();
  expect(readdirSync(folder).sort()).toEqual([0, 1, 2].map((part) => `events.out.tfevents.1740821400.unfold.${part}`));
  expect(readEvents(folder).map((events) => events.at(-1)!.step)).toEqual([0, 6, 8]);
});

it("a new run removes the files of one before it, and no others", () => {
  writeFileSync(join(folder, "events.out.tfevents.1700000000.workstation"), "");
  openEventFile(folder, { now }).close();
  openEventFile(folder, { now }).close();
  expect(readdirSync(folder)).toHaveLength(2);
});

it("a folder that is not there is a failure in one sentence", () => {
  expect(() => openEventFile(join(folder, "none"))).toThrow(RunError);
});

/** Bytes that TensorBoard 2.21's EventAccumulator has read as these points: see the README beside them. */
it("bytes are those that TensorBoard itself was seen to read", () => {
  const still = (): number => 1_740_821_400_250;
  const first = openEventFile(folder, { now: still });
  for (const at of [10, 20, 30]) first.append(step(at));
  first.append(dev(30));
  first.close();
  const second = openEventFile(folder, { resumeAt: 20, now: still });
  second.append(step(30, 1));
  second.close();
  const fixtures = new URL("../../../fixtures/tensorboard/", import.meta.url);
  for (const name of readdirSync(folder)) {
    if (process.env["WRITE_FIXTURES"])
      appendFileSync(new URL(name, fixtures), readFileSync(join(folder, name)), { flag: "w" });
    expect(readFileSync(join(folder, name)).equals(readFileSync(new URL(name, fixtures))), name).toBe(true);
  }
});
