import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * A reader of event files that shares nothing with the writer: checksums bit by bit, protobuf fields by hand.
 */

export interface ReadEvent {
  wallTime: number;
  step: number;
  version?: string;
  scalars: Record<string, number>;
  isStart: boolean;
}

/** The events of all files of a folder in the order of their names, each file's up to a record that was cut short. */
export function readEvents(folder: string): ReadEvent[][] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("events.out.tfevents."))
    .sort()
    .map((name) => parseFile(readFileSync(join(folder, name))));
}

/** The points of each tag, as TensorBoard has them: a start drops those of its step and later. */
export function curvesOf(files: readonly ReadEvent[][]): Record<string, [step: number, value: number][]> {
  const curves: Record<string, [number, number][]> = {};
  for (const { step, scalars, isStart } of files.flat()) {
    if (isStart) for (const tag of Object.keys(curves)) curves[tag] = curves[tag]!.filter(([at]) => at < step);
    for (const [tag, value] of Object.entries(scalars)) (curves[tag] ??= []).push([step, value]);
  }
  return curves;
}

function parseFile(bytes: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let at = 0; at + 16 <= bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (at + 16 + length > bytes.length) break;
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (bytes.readUInt32LE(at + 8) !== masked(bytes.subarray(at, at + 8)))
      throw new Error(`byte ${at}: wrong checksum of the length`);
    if (bytes.readUInt32LE(at + 12 + length) !== masked(data))
      throw new Error(`byte ${at}: wrong checksum of the data`);
    events.push(parseEvent(data));
    at += 16 + length;
  }
  return events;
}

/** CRC-32C (Castagnoli) by its polynomial, masked. */
function masked(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

type Field = [number: number, value: number | Buffer];

/** The fields of a message: varints and floats as numbers, the rest as bytes. */
function fieldsOf(data: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = data[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const [number, wire] = [key >> 3, key & 7];
    if (wire === 0) fields.push([number, varint()]);
    else if (wire === 1) fields.push([number, data.readDoubleLE((at += 8) - 8)]);
    else if (wire === 5) fields.push([number, data.readFloatLE((at += 4) - 4)]);
    else if (wire === 2) {
      const length = varint();
      fields.push([number, data.subarray(at, (at += length))]);
    } else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

function parseEvent(data: Buffer): ReadEvent {
  const event: ReadEvent = { wallTime: NaN, step: 0, scalars: {}, isStart: false };
  for (const [number, value] of fieldsOf(data)) {
    if (number === 1) event.wallTime = value as number;
    else if (number === 2) event.step = value as number;
    else if (number === 3) event.version = String(value);
    else if (number === 7)
      event.isStart = fieldsOf(value as Buffer).some(([field, status]) => field === 1 && status === 1);
    else if (number === 5)
      for (const [, scalar] of fieldsOf(value as Buffer)) {
        const parts = new Map(fieldsOf(scalar as Buffer));
        event.scalars[String(parts.get(1))] = parts.get(2) as number;
      }
    else throw new Error(`an event has no field ${number}`);
  }
  return event;
}
