import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import { firstFrame, readFrames } from "./mp3_frames.ts";
import type { DecodedAudio } from "./recording.ts";
import { silenced } from "./silenced.ts";

/*
 * libmpg123 silently resumes at the next frame it understands, or gives up after 1024 bytes without one, so the frames
 * are walked first. Libraries that walk frames are as lenient: `codec-parser` 2.5.0, `mediabunny` 1.61.0 and
 * `music-metadata` 11.16.1 accept a file that is truncated or has garbage at its end; the first drops the frame before a
 * tag, the second all frames after a change of sample rate.
 */

/** Whether MPEG frames start the file, or follow its tags or other bytes. */
export const isMp3 = (file: FileBytes): boolean => firstFrame(file) !== null;

/**
 * Decodes an MP3 file (MPEG-1, 2 or 2.5, layers I to III), part by part, with libmpg123. Silence that the encoder added
 * at the ends is removed if the file says how much there is. The format has no checksum, so little damage is detected:
 * missing frames if the file says how many there are, and frames that the library cannot decode.
 *
 * @throws UserError if it is truncated, changes its sample rate, has the "free" format, or cannot be decoded
 */
export async function* decodeMp3(
  file: FileBytes,
  note: (remark: string) => void = () => undefined,
): AsyncGenerator<DecodedAudio> {
  const { spans, channels, remarks } = readFrames(file, firstFrame(file) ?? 0);
  remarks.forEach(note);
  const library = await import("mpg123-decoder"); // at first use, as it is of many files
  const decoder = new library.MPEGDecoder(); // holds its own WebAssembly memory until freed
  try {
    await decoder.ready;
    let decoded = 0;
    for (const { from, to } of spans)
      for (const part of file.parts(from, to)) {
        const { channelData, samplesDecoded, sampleRate, errors } = await silenced(() => decoder.decode(part));
        if (errors.length > 0 || (samplesDecoded > 0 && sampleRate === 0)) throw damaged(file, decoded);
        if (samplesDecoded > 0) yield { channels: channelData.slice(0, channels), sampleRate }; // the library returns mono as two identical channels
        decoded += samplesDecoded;
      }
    if (decoded === 0) throw damaged(file, 0);
  } finally {
    decoder.free();
  }
}

const damaged = ({ path }: FileBytes, decoded: number) =>
  new UserError(`${path} is a damaged MP3 file: what follows its first ${decoded} samples cannot be decoded.`);
