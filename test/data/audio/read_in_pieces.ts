import { writeFile } from "node:fs/promises";
import { expect } from "vitest";
import { AudioReader, knownLength, readRecording, type ReadRecording } from "../../../data/audio/audio.ts";

/** Writes a file and reads it whole, and in pieces, which have to agree. */
export async function readInPieces(path: string, bytes: Uint8Array): Promise<ReadRecording> {
  await writeFile(path, bytes);
  const recording = await readRecording(path);
  const { samples, sampleRate } = recording;
  const half = Math.floor(samples.length / 2) / sampleRate;
  const reader = new AudioReader();
  const pieces = [
    await reader.readRecording(path, { offset: 0, duration: half }),
    await reader.readRecording(path, { offset: half, duration: null }),
  ];
  await reader.close();
  expect(pieces.flatMap((piece) => [...piece.samples])).toEqual([...samples]);
  expect(knownLength(path, sampleRate)).toBe(samples.length);
  return recording;
}
