import { UserError } from "../../engine/errors.ts";
import { DecodedRecording } from "./decoded_recording.ts";
import { FileBytes } from "./file_bytes.ts";
import { decodeFlac, isFlac } from "./flac.ts";
import { decodeMp3, isMp3 } from "./mp3.ts";
import { decodeOgg, isOgg } from "./ogg.ts";
import { checkLength, monoRecording, type DecodedAudio, type OpenRecording, type Recording } from "./recording.ts";
import { WavRecording } from "./wav.ts";

/** The formats that can only be decoded from the start, recognised by a file's content, not its name. */
const DECODED_FORMATS: readonly {
  matches(file: FileBytes): boolean;
  decode(file: FileBytes): AsyncGenerator<DecodedAudio>;
}[] = [
  { matches: isOgg, decode: decodeOgg },
  { matches: isFlac, decode: decodeFlac },
  { matches: isMp3, decode: decodeMp3 },
];

/**
 * Opens a WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus file. Of a WAV file only the requested bytes are read; the others are
 * decoded as far as they are read, see `DecodedRecording`. The caller closes the recording.
 *
 * @throws UserError in one sentence that names the file if it is missing, empty, not audio, of an unsupported encoding
 *   or rate, or damaged where that shows at its start
 */
export async function openRecording(path: string): Promise<OpenRecording> {
  return WavRecording.open(path) ?? DecodedRecording.open(() => decodeBlocks(path));
}

/**
 * Decodes a file of any format but WAV from start to end. At most one block and some bytes of the file are in memory at
 * a time. Every block has samples, and there is at least one block.
 *
 * @throws UserError as `openRecording` does; for some damage only at the end
 */
export async function* decodeBlocks(path: string): AsyncGenerator<Recording, void, undefined> {
  const file = new FileBytes(path);
  try {
    let length = 0;
    let sampleRate: number | undefined;
    for await (const decoded of decode(file)) {
      const block = monoRecording(decoded, path);
      sampleRate ??= block.sampleRate;
      if (block.sampleRate !== sampleRate)
        throw new UserError(`${path} changes its sample rate from ${sampleRate} to ${block.sampleRate} Hz.`);
      length += block.samples.length;
      if (block.samples.length > 0) yield block;
    }
    checkLength(length, path);
  } finally {
    file.close();
  }
}

function decode(file: FileBytes): AsyncGenerator<DecodedAudio> {
  if (file.size === 0) throw new UserError(`${file.path} is empty: it has 0 bytes.`);
  const format = DECODED_FORMATS.find(({ matches }) => matches(file));
  if (!format)
    throw new UserError(`${file.path} is not a supported audio file: expected WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus.`);
  return format.decode(file);
}
