import { MPEGDecoder } from "mpg123-decoder";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import type { FileBytes } from "./file_bytes.ts";
import { isMp3Frame, readMp3Frames } from "./mp3_frames.ts";
import { skipId3v2, skipZeros } from "./mp3_tags.ts";

/** Whether an MPEG frame starts the file or follows its tags and any zeros after them. */
export function isMp3(file: FileBytes): boolean {
  return isMp3Frame(file, firstFrame(file));
}

function firstFrame(file: FileBytes): number {
  const untagged = skipId3v2(file, 0);
  return untagged > 0 ? skipZeros(file, untagged) : 0;
}

/**
 * Decodes an MP3 file (MPEG-1, 2 or 2.5, layers I to III), part by part, with libmpg123; silence that the encoder added at the ends is
 * left out where the file says how much it is. The format has no checksum, so little damage is noticed: missing frames where the file
 * says how many there are, and what the library cannot go on after.
 *
 * @throws UserError if it is cut short, of changing rate or the "free" format, or cannot be decoded
 */
export async function* decodeMp3(file: FileBytes): AsyncGenerator<DecodedAudio> {
  const name = file.path;
  const start = firstFrame(file);
  const { announced, present, channels, cutShort, end } = readMp3Frames(file, start);
  if (announced !== null && present < announced) {
    throw new UserError(
      `${name} is cut short or damaged: its header announces ${announced} samples, ${present} are there.`,
    );
  }
  if (cutShort) throw new UserError(`${name} is a cut short MP3 file: it ends within a frame.`);

  const decoder = new MPEGDecoder(); // it has a WebAssembly memory of its own until it is freed
  try {
    await decoder.ready;
    let decoded = 0;
    for (const part of file.parts(start, end)) {
      const { channelData, samplesDecoded, sampleRate, errors } = decodePart(decoder, part, name);
      if (errors[0]) throw damaged(name, errors[0].message);
      if (samplesDecoded > 0) yield { channels: channelData.slice(0, channels), sampleRate }; // the library gives two that are the same for one
      decoded += samplesDecoded;
    }
    if (decoded === 0) throw damaged(name, "nothing could be decoded");
  } finally {
    decoder.free();
  }
}

const damaged = (name: string, why: string) => new UserError(`${name} is a damaged MP3 file: ${why.split("\n")[0]}.`);

/** The library prints each error as well as returning it. */
function decodePart(decoder: MPEGDecoder, part: Uint8Array, name: string): ReturnType<MPEGDecoder["decode"]> {
  const { error } = console;
  console.error = () => undefined;
  try {
    return decoder.decode(part);
  } catch (thrown) {
    throw damaged(name, (thrown as Error).message);
  } finally {
    console.error = error;
  }
}
