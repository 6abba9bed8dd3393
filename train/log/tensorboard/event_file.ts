import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "../../../engine/errors.ts";
import type { LogRecord } from "../log_records.ts";
import { encodeEvent, FILE_VERSION, SESSION_START, type Event } from "./event_schema.ts";
import { scalarsOf } from "./scalars.ts";
import crc32c from "crc-32/crc32c.js";

/** A TensorBoard event file for one part of a run; each time a run is resumed adds one more file. */
export interface EventFile {
  /** Writes the record's scalars, if it has any, before returning. */
  append(record: LogRecord): void;
  close(): void;
}

/** Named as TensorBoard expects: sorted by name, the files are in order of time. */
const OURS = /^events\.out\.tfevents\.\d{10}\.unfold\.\d+$/u;

/**
 * Starts an event file in a run's folder. Without `resumeAt` the run is new, and files of an earlier one are removed,
 * just as the log is emptied. With it, tells TensorBoard to drop what earlier files have after that step, as it is about
 * to happen again.
 *
 * @param now a clock, in milliseconds since 1970
 * @throws RunError if the file cannot be written, now or in a later append
 */
export function openEventFile(
  folder: string,
  { resumeAt, now = Date.now }: { resumeAt?: number | undefined; now?: () => number } = {},
): EventFile {
  const earlier = orFail(folder, () => readdirSync(folder)).filter((name) => OURS.test(name));
  if (resumeAt === undefined) for (const name of earlier) orFail(name, () => rmSync(join(folder, name)));
  const part = resumeAt === undefined ? 0 : earlier.length;
  const file = join(folder, `events.out.tfevents.${String(Math.floor(now() / 1000)).padStart(10, "0")}.unfold.${part}`);
  const handle = orFail(file, () => openSync(file, "w"));
  let step = resumeAt ?? 0;
  const write = (event: Omit<Event, "wallTime">): void => {
    const bytes = frameRecord(encodeEvent({ wallTime: now() / 1000, ...event }));
    orFail(file, () => {
      for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done);
    });
  };

  write({ fileVersion: FILE_VERSION });
  if (resumeAt !== undefined) write({ step: resumeAt + 1, sessionLog: { status: SESSION_START } });
  return {
    append(record) {
      if ("step" in record) step = record.step;
      const value = scalarsOf(record);
      if (value.length > 0) write({ step, summary: { value } });
    },
    close: () => closeSync(handle),
  };
}

/** Stands in for an event file when none is wanted. */
export const noEventFile: EventFile = { append: () => undefined, close: () => undefined };

function orFail<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RunError(
      `cannot write the TensorBoard events ${file}: ${code === "ENOSPC" ? "the disk is full" : message}.`,
    );
  }
}

/**
 * Frames a record as in TFRecord files: its length in 8 bytes, the length's checksum, the data, the data's checksum, all
 * little-endian. This lets a reader detect a truncated record.
 */
export function frameRecord(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.writeUInt32LE(maskedChecksum(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedChecksum(data), 12 + data.length);
  return frame;
}

/** CRC32C, rotated and offset as in TFRecord, since the checksum of data that contains its own checksum is a poor one. */
export function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c.buf(data) >>> 0;
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
