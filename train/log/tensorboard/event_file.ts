import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "../../../engine/errors.ts";
import type { LogRecord } from "../log_records.ts";
import { encodeEvent, FILE_VERSION, SESSION_START, type Event } from "./event_schema.ts";
import { scalarsOf } from "./scalars.ts";
import crc32c from "crc-32/crc32c.js";

/** What TensorBoard shows of one part of a run; a run has one file more for each time it was resumed. */
export interface EventFile {
  /** Writes the record's numbers, if it has any to plot, before it returns. */
  append(record: LogRecord): void;
  close(): void;
}

/** As TensorBoard expects them: sorted by name, they are in the order of time. */
const OURS = /^events\.out\.tfevents\.\d{10}\.unfold\.\d+$/u;

/**
 * Begins an event file in a run's folder. Without `resumeAt` the run is new, and files of an earlier one are removed, as the
 * log is emptied. With it, TensorBoard is told to drop what earlier files have after that step, which is about to
 * happen again.
 *
 * @param now a clock, in milliseconds since 1970
 * @throws RunError if the file cannot be written, also while it is appended to
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

/** In place of an event file where none is wanted. */
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
 * A record as TFRecord files have it: its length in 8 bytes, the length's checksum, the data, the data's checksum, all
 * little-endian. A reader can so tell a record that was cut short.
 */
export function frameRecord(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.writeUInt32LE(maskedChecksum(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedChecksum(data), 12 + data.length);
  return frame;
}

/** CRC32C, rotated and shifted as TFRecord does, since the checksum of data that holds its own checksum is a bad one. */
export function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c.buf(data) >>> 0;
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
