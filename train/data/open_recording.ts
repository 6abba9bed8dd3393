import { stat } from "node:fs/promises";
import { decodeFile, monoRecording, type Recording } from "./decode_file.ts";
import type { SampleSpan } from "./piece.ts";
import { decodeWav } from "./wav.ts";
import { findWavLayout, readWavSpan } from "./wav_layout.ts";

/** A recording of which parts are read. */
export interface OpenRecording extends Omit<Recording, "samples"> {
  /** In samples. */
  readonly length: number;
  /** Mono samples of a span within it. Throws UserError if they are damaged. */
  read(span: SampleSpan): Promise<Float32Array>;
}

/**
 * Opens a recording for reading parts of it. Of a WAV file only the bytes of a part are read, and only those are checked; the
 * other formats cannot be entered in the middle, so all of the file is decoded and stays in memory until another one is opened.
 *
 * @throws UserError as `readAudio` does
 */
export async function openRecording(path: string): Promise<OpenRecording> {
  const layout = await findWavLayout(path);
  if (!layout) {
    const { samples, sampleRate, channels } = await decodeKept(path);
    return { sampleRate, channels, length: samples.length, read: ({ from, to }) => Promise.resolve(samples.slice(from, to)) };
  }
  const { sampleRate, channels, length } = layout;
  const read = async (span: SampleSpan): Promise<Float32Array> => {
    const { samples } = monoRecording(decodeWav(await readWavSpan(path, layout, span), path), path);
    return samples.subarray(0, span.to - span.from); // the library takes a byte of padding for a sample of A-law or µ-law
  };
  return { sampleRate, channels, length, read };
}

/** The parts of a recording are often read one after the other: the last one is kept, so it is decoded once. */
let last: { readonly state: string; readonly recording: Promise<Recording> } | undefined;

async function decodeKept(path: string): Promise<Recording> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 })); // reading it says what is wrong
  const state = JSON.stringify([path, size, mtimeMs]);
  if (last?.state !== state) last = { state, recording: decodeFile(path) };
  return last.recording;
}
