import { MPEGDecoder } from "mpg123-decoder";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import type { FileBytes } from "./file_bytes.ts";
import { isMp3Frame, readMp3Frames } from "./mp3_frames.ts";

/** A tag of ID3v2 can be before any kind of audio; its length is four times 7 bits. */
const ID3_HEADER_BYTES = 10;

/** Bytes of an ID3v2 tag at the start, which holds title and pictures; 0 without one. */
export function id3Length(bytes: Uint8Array): number {
  if (bytes.length < ID3_HEADER_BYTES || Buffer.from(bytes.subarray(0, 3)).toString("latin1") !== "ID3") return 0;
  return bytes.subarray(6, ID3_HEADER_BYTES).reduce((length, byte) => length * 128 + (byte & 127), 0) + ID3_HEADER_BYTES;
}

/** Whether an MPEG frame starts the file or follows its tag and any zeros after that. */
export function isMp3(file: FileBytes): boolean {
  return isMp3Frame(file, firstFrame(file));
}

function firstFrame(file: FileBytes): number {
  let at = id3Length(file.read(0, ID3_HEADER_BYTES));
  if (at > 0) while (at < file.size && file.read(at, 1)[0] === 0) at++;
  return at;
}

/**
 * Decodes an MP3 file (MPEG-1, 2 or 2.5, layers I to III), part by part, with libmpg123; silence that the encoder added at the ends is
 * left out where the file says how much it is. The format has no checksum, so of damage only missing frames are noticed.
 *
 * @throws UserError if it is cut short, or cannot be decoded
 */
export async function* decodeMp3(file: FileBytes): AsyncGenerator<DecodedAudio> {
  const name = file.path;
  const { announced, present, channels, cutShort } = readMp3Frames(file, firstFrame(file));
  if (announced !== null && present < announced) {
    throw new UserError(`${name} is cut short or damaged: its header announces ${announced} samples, ${present} are there.`);
  }
  if (cutShort) throw new UserError(`${name} is a cut short MP3 file: it ends within a frame.`);

  const decoder = new MPEGDecoder(); // it has a WebAssembly memory of its own until it is freed
  try {
    await decoder.ready;
    let decoded = 0;
    for (const part of file.parts(0)) {
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
