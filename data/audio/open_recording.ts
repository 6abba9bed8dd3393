import { stat } from "node:fs/promises";
import { DecodedRecording } from "./decoded_recording.ts";
import { monoRecording } from "./decode_file.ts";
import type { OpenRecording, SampleSpan } from "./piece.ts";
import { decodeWav } from "./wav.ts";
import { findWavLayout, readWavSpan } from "./wav_layout.ts";

/**
 * Opens a recording for reading parts of it. Of a WAV file only the bytes of a part are read, and only those are checked; the
 * other formats cannot be entered in the middle, so they are decoded as far as is read, and what was decoded last stays in memory
 * until another file is opened.
 *
 * @throws UserError as `readAudio` does
 */
export async function openRecording(path: string): Promise<OpenRecording> {
  const layout = await findWavLayout(path);
  if (!layout) return openKept(path);
  const { sampleRate, channels, length } = layout;
  const read = async ({ from, to }: SampleSpan): Promise<Float32Array> => {
    const span = { from, to: Math.min(to, length) };
    const { samples } = monoRecording(decodeWav(await readWavSpan(path, layout, span), path), path);
    return samples.subarray(0, span.to - from); // the library takes a byte of padding for a sample of A-law or µ-law
  };
  return { sampleRate, channels, length: () => Promise.resolve(length), read };
}

/** The parts of a recording are often read one after the other: the last one stays open. */
let last: { readonly state: string; readonly recording: Promise<DecodedRecording> } | undefined;

async function openKept(path: string): Promise<DecodedRecording> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 })); // reading it says what is wrong
  const state = JSON.stringify([path, size, mtimeMs]);
  if (last?.state !== state) {
    void last?.recording.then((recording) => recording.close()).catch(() => undefined); // whoever opened it was told what is wrong
    last = { state, recording: DecodedRecording.open(path) };
  }
  return last.recording;
}
