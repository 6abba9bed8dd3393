import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunError, UserError } from "../../../engine/errors.ts";
import { openLog, readLog, type LogRecord, type StepRecord } from "../../../train/log/log.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "log-"));
  file = path.join(folder, "log.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

function step(number: number, loss = 1): StepRecord {
  return {
    type: "step",
    step: number,
    epoch: 0,
    loss,
    ctc: { 2: 1.5, 4: 1 },
    kl: 0.1,
    learningRate: 1e-3,
    gradNorm: 2,
    framesPerSecond: 900,
    dataWaitShare: 0.02,
    gpuBytes: 1e6,
    skipped: 0,
    seconds: number,
  };
}

function write(records: LogRecord[], resumeAt?: number) {
  const log = openLog(file, { resumeAt });
  for (const record of records) log.append(record);
  log.close();
}

test("what is written is read again", () => {
  const records: LogRecord[] = [
    {
      type: "start",
      time: "2025-01-01T00:00:00Z",
      config: { steps: null },
      adapter: "ünïcode",
      parameters: { whole: 10, encoder: 8 },
    },
    step(1),
    { type: "warning", message: "häßlich\nand long" },
    { type: "end", reason: "finished" },
  ];
  write(records);
  expect(readLog(file)).toEqual(records);
});

test("a record is on disk as soon as it is appended", () => {
  const log = openLog(file);
  log.append(step(1));
  expect(readLog(file)).toEqual([step(1)]);
  log.close();
});

test("a new run begins an empty log", () => {
  write([step(1), step(2)]);
  write([step(1)]);
  expect(readLog(file)).toEqual([step(1)]);
});

test("a loss that is not a number comes back as such", () => {
  write([step(1, NaN)]);
  expect(readLog(file)).toEqual([step(1, NaN)]);
});

test("a resumed run goes on behind its step, so that nothing is there twice", () => {
  const warning = (message: string): LogRecord => ({ type: "warning", message });
  write([step(10), warning("kept: ä"), step(20), warning("kept"), step(30), warning("happens again"), step(40)]);
  write([step(30, 5)], 20);
  expect(readLog(file)).toEqual([step(10), warning("kept: ä"), step(20), warning("kept"), step(30, 5)]);
});

test("a resumed run behind the end keeps everything", () => {
  write([step(10), step(20)]);
  write([step(21)], 20);
  expect(readLog(file)).toEqual([step(10), step(20), step(21)]);
});

test("a resumed run without its log begins one", () => {
  write([step(21)], 20);
  expect(readLog(file)).toEqual([step(21)]);
});

test("a half-written last line is passed over, and cut off when the run is resumed", () => {
  write([step(1), step(2)]);
  writeFileSync(file, readFileSync(file, "utf8").slice(0, -20));
  expect(readLog(file)).toEqual([step(1)]);
  write([step(2, 7)], 1);
  expect(readLog(file)).toEqual([step(1), step(2, 7)]);
});

test("a broken line in the middle is named", () => {
  writeFileSync(file, `${JSON.stringify(step(1))}\n{"type": "st\n${JSON.stringify(step(2))}\n`);
  expect(() => readLog(file)).toThrow(
    new UserError(`${file}, line 2: expected a record such as {"type": "step", ...}.`),
  );
});

test("a log that is not there, and one that cannot be written", () => {
  expect(() => readLog(file)).toThrow(new UserError(`cannot read the log ${file}: there is no such file.`));
  expect(() => openLog(path.join(file, "x"))).toThrow(RunError);
});
