import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { DevRecord, StepRecord } from "../../../train/log/log.ts";
import {
  formatBytes,
  formatCompact,
  formatDuration,
  formatNumber,
  formatPercent,
} from "../../../data/text/number_format.ts";
import { createProgress, createTaskProgress } from "../../../train/progress/progress.ts";
import { devText, speedText, RemainingTime } from "../../../train/progress/lines.ts";

const step = (number: number, change: Partial<StepRecord> = {}): StepRecord => ({
  type: "step",
  step: number,
  epoch: 3,
  loss: 12.345,
  ctc: { 10: 9.5, 2: 11 },
  kl: 0.0321,
  learningRate: 0.0015,
  gradNorm: 4.2,
  framesPerSecond: 12345.6,
  dataWaitShare: 0.034,
  gpuBytes: 326107136,
  skipped: 0,
  seconds: 1,
  ...change,
});
const dev: DevRecord = { type: "dev", step: 40, epoch: 3, wer: { 10: 0.0512, 2: 0.1 }, cer: {}, blankRatio: 0.8 };

/** A stream and what was written to it, without control sequences. */
function capture(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 200, rows: 40 });
  let written = "";
  stream.on("data", (chunk: Buffer) => (written += chunk.toString()));
  // eslint-disable-next-line no-control-regex
  return { stream, raw: () => written, text: () => written.replace(/\u001b\[[0-9;?]*[a-zA-Z]/gu, "\n") };
}

test("not on a terminal: the first and the last step and every N steps, all numbers, no control sequences", () => {
  const { stream, raw } = capture(false);
  let time = 0;
  const progress = createProgress({ totalSteps: 50, stream, plainEvery: 20, now: () => time });
  for (let number = 1; number <= 50; number++, time += 2) progress.step(step(number));
  progress.dev(dev);
  progress.message("warning: odd");
  progress.stop();
  const lines = raw().trimEnd().split("\n");
  expect(lines.map((line) => line.split("   ")[1])).toEqual([
    "step 1/50",
    "step 21/50",
    "step 41/50",
    "step 50/50",
    "(step 40)",
    undefined,
  ]);
  expect(lines[0]).toMatch(/GPU memory 311 MiB$/u); // nothing to say of the time left yet
  expect(lines[1]).toBe(
    "epoch 4   step 21/50   loss 12.3   CTC at depth 2: 11.0  10: 9.50   KL 0.0321   learning rate 1.50e-3   gradient norm 4.20   " +
      "12,346 frames/s   waiting for data 3 %   GPU memory 311 MiB   58 s left",
  );
  expect(lines[4]).toBe("dev WER at depth 2: 10.0 %  10: 5.1 %   (step 40)");
  expect(lines[5]).toBe("warning: odd");
  expect(devText({ ...dev, loss: { 10: 9.5, 2: 11 } })).toBe(
    "dev WER at depth 2: 10.0 %  10: 5.1 %   CTC at depth 2: 11.0  10: 9.50   (step 40)",
  );
  expect(raw()).not.toContain("\u001b");
});

test("on a terminal: the same numbers live, messages above them, the cursor given back", async () => {
  const { stream, raw, text } = capture(true);
  let time = 0;
  const progress = createProgress({ totalSteps: 50, stream, now: () => time });
  progress.step(step(20));
  time = 10;
  progress.step(step(25, { skipped: 3 }));
  progress.dev(dev);
  progress.message("saved a checkpoint");
  await new Promise((resolve) => setTimeout(resolve, 150)); // the display is drawn by a timer
  progress.stop();
  expect(text()).toMatch(/epoch 4 {2}step 25\/50 ━+┄+ 50 % {2}50 s left/u);
  for (const part of [
    "loss 12.3   CTC at depth 2: 11.0  10: 9.50   KL 0.0321",
    "GPU memory 311 MiB   3 utterances skipped",
    "dev WER at depth 2: 10.0 %  10: 5.1 %",
    "saved a checkpoint",
  ]) {
    expect(text()).toContain(part);
  }
  expect(raw()).toContain("\u001b[?25l");
  expect(raw()).toContain("\u001b[?25h");
});

test("a task: one line when done, or a bar", () => {
  const plain = capture(false);
  let time = 0;
  const task = createTaskProgress("reading train", 3, plain.stream, () => time);
  task.update(1);
  task.update(2000, 2500);
  time = 75;
  task.stop();
  expect(plain.raw()).toBe("reading train: 2,000 of 2,500 in 1 min 15 s\n");

  const live = capture(true);
  const bar = createTaskProgress("reading train", 3, live.stream);
  bar.update(3, 4);
  bar.stop();
  expect(live.text()).toMatch(/reading train ━+┄+ 3\/4/u);
});

test("time left follows the present speed", () => {
  const remaining = new RemainingTime(100, 3);
  expect(remaining.after(50, 0)).toBeNaN();
  expect(remaining.after(60, 10)).toBe(40);
  expect(remaining.after(70, 30)).toBe(45);
  expect(remaining.after(80, 50)).toBe(40); // steps 60 to 80: 2 s each
});

test("numbers as people read them", () => {
  expect([0.03217, 132.18, 9.999, 1e-7, 0, NaN].map((value) => formatNumber(value))).toEqual([
    "0.0322",
    "132",
    "10.0",
    "1.00e-7",
    "0",
    "NaN",
  ]);
  expect([999, 452876, 999_999, 44_500_000].map(formatCompact)).toEqual(["999", "453 k", "1.00 M", "44.5 M"]);
  expect([512, 326107136].map(formatBytes)).toEqual(["512 B", "311 MiB"]);
  expect([0.6, 59.7, 200, 3900, Infinity].map(formatDuration)).toEqual([
    "1 s",
    "1 min 00 s",
    "3 min 20 s",
    "1 h 05 min",
    "-",
  ]);
  expect([0.0317, NaN].map((share) => formatPercent(share, 2))).toEqual(["3.17 %", "-"]);
});

test("of waveforms, whose frames are samples, speed is in seconds of audio", () => {
  expect(speedText(step(1, { framesPerSecond: 392_000, audioPerSecond: 24.5 }))).toContain(
    "   24.5 s of audio/s   waiting",
  );
});
