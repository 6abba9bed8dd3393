import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RunError, UserError } from "../../engine/errors.ts";
import type { LogRecord } from "./log_records.ts";
export type * from "./log_records.ts";

/** File name of the log in a run's folder. */
export const LOG_FILE = "log.jsonl";

/** The append-only log of one run: JSON Lines, one record per line. */
export interface Log {
  /** Writes a record before returning. Non-finite numbers become null. */
  append(record: LogRecord): void;
  /** Waits until everything is on disk, for a checkpoint that relies on it. */
  flush(): void;
  /** Warnings already in the log when it was opened, which need not be repeated. */
  readonly warned: ReadonlySet<string>;
  close(): void;
}

/**
 * Opens a log for writing. Without `resumeAt` it starts empty. With it, the log of the resumed run continues: everything
 * after that step is cut off, as it is about to happen again, including test results and a half-written last line.
 *
 * @throws RunError if the file cannot be written, now or in a later append
 */
export function openLog(file: string, { resumeAt }: { resumeAt?: number | undefined } = {}): Log {
  const kept = resumeAt === undefined || !existsSync(file) ? [] : linesUpTo(resumeAt, file);
  const handle = orFail(file, () => openSync(file, "a"));
  orFail(file, () => ftruncateSync(handle, kept.at(-1)?.end ?? 0));
  return {
    warned: new Set(kept.flatMap(({ record }) => (record.type === "warning" ? record.message : []))),
    append(record) {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      orFail(file, () => {
        for (let done = 0; done < line.length;) done += writeSync(handle, line, done);
      });
    },
    flush: () => orFail(file, () => fsyncSync(handle)),
    close() {
      orFail(file, () => fsyncSync(handle));
      closeSync(handle);
    },
  };
}

/** Keeps nothing: the log of a process that leaves writing to another. */
export const noLog: Log = {
  append: () => undefined,
  flush: () => undefined,
  warned: new Set(),
  close: () => undefined,
};

/**
 * The records of a log, in order. Skips a half-written last line, as left by a crash.
 *
 * @throws UserError if the file cannot be read, or naming a line that is not a record
 */
export function readLog(file: string): LogRecord[] {
  return readLines(file).map(({ record }) => record);
}

/**
 * Why the run in a folder last ended: "finished", "interrupted" or an error message; undefined if it has no log or was
 * killed.
 */
export function lastReason(folder: string): string | undefined {
  const file = join(folder, LOG_FILE);
  const last = existsSync(file) ? readLog(file).at(-1) : undefined;
  return last?.type === "end" ? last.reason : undefined;
}

interface Line {
  record: LogRecord;
  /** Offset of the byte after the line. */
  end: number;
}

function readLines(file: string): Line[] {
  const lines = readBytes(file).toString("utf8").split("\n");
  lines.pop(); // empty, or half a record: a whole one ends with a line break
  let end = 0;
  return lines.flatMap((line, i): Line[] => {
    end += Buffer.byteLength(line) + 1;
    return line.trim() === "" ? [] : [{ record: parseRecord(line, `${file}, line ${i + 1}`), end }];
  });
}

function parseRecord(line: string, name: string): LogRecord {
  try {
    const value = JSON.parse(line) as { type?: unknown } | null;
    if (typeof value?.type === "string") return withNumbers(value as LogRecord);
  } catch {
    // Reported below, like JSON that is not a record.
  }
  throw new UserError(`${name}: expected a record such as {"type": "step", ...}.`);
}

/** JSON has no NaN: in measurements null stands for it. */
function withNumbers(record: LogRecord): LogRecord {
  if (record.type === "start" || record.type === "plan" || record.type === "warning" || record.type === "end")
    return record;
  return JSON.parse(JSON.stringify(record), (_, value: unknown) => (value === null ? NaN : value)) as LogRecord;
}

/** The log up to a step: without the first record of a later step or of the final tests, and without anything after it. */
function linesUpTo(step: number, file: string): Line[] {
  const lines = readLines(file);
  const later = lines.findIndex(
    ({ record }) =>
      record.type === "result" || record.type === "average" || ("step" in record && (record.step ?? 0) > step),
  );
  return later < 0 ? lines : lines.slice(0, later);
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`cannot read the log ${file}: ${code === "ENOENT" ? "there is no such file" : message}.`);
  }
}

function orFail<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RunError(`cannot write the log ${file}: ${code === "ENOSPC" ? "the disk is full" : message}.`);
  }
}
