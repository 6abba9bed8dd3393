import { UserError } from "../../engine/errors.ts";
import { expectNoPointer, POINTER_BYTES } from "../files/lfs_pointer.ts";
import { readAiffLayout } from "./aiff.ts";
import { DecodedRecording } from "./decoded_recording.ts";
import { FileBytes } from "./file_bytes.ts";
import { decodeFlac, isFlac } from "./flac.ts";
import { decodeMp3, isMp3 } from "./mp3.ts";
import { decodeOgg, isOgg } from "./ogg.ts";
import { PcmRecording } from "./pcm_recording.ts";
import { checkLength, monoRecording, type DecodedAudio, type OpenRecording, type Recording } from "./recording.ts";
import { readWavLayout } from "./wav.ts";

/** Decodes a file of one format from start to end; `note` receives remarks, see `OpenRecording.remarks`. */
type Decode = (file: FileBytes, note: (remark: string) => void) => AsyncGenerator<DecodedAudio>;

/** The formats that can only be decoded from the start, recognised by a file's content, not its name. */
const DECODED_FORMATS: readonly { name: string; matches(file: FileBytes): boolean; decode: Decode }[] = [
  { name: "Ogg", matches: isOgg, decode: decodeOgg },
  { name: "FLAC", matches: isFlac, decode: decodeFlac },
  { name: "MP3", matches: isMp3, decode: decodeMp3 },
];

/**
 * Opens a WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus file. Of a WAV or AIFF file only the requested bytes are read;
 * the others are decoded as far as they are read, see `DecodedRecording`. The caller closes the recording.
 *
 * @throws UserError in one sentence that names the file if it is missing, empty, not audio, of an unsupported encoding
 *   or rate, or damaged where that shows at its start
 */
export async function openRecording(path: string): Promise<OpenRecording> {
  return openPcm(path) ?? DecodedRecording.open((note) => decodeBlocks(path, note));
}

/** A recording of which any part can be read without decoding the rest; null for another format. */
export function openPcm(path: string): PcmRecording | null {
  const layout = FileBytes.using(path, (file) => readWavLayout(file) ?? readAiffLayout(file));
  return layout && new PcmRecording(path, layout);
}

/**
 * Decodes a file of any other format from start to end. At most one block and some bytes of the file are in memory at a
 * time. Every block has samples, and there is at least one block.
 *
 * @param note receives remarks, see `OpenRecording.remarks`
 * @throws UserError as `openRecording` does; for some damage only at the end
 */
export async function* decodeBlocks(
  path: string,
  note: (remark: string) => void = () => undefined,
): AsyncGenerator<Recording, void, undefined> {
  const file = new FileBytes(path);
  try {
    const { name, decode } = formatOf(file);
    try {
      yield* monoBlocks(decode(file, note), path);
    } catch (error) {
      if (error instanceof UserError) throw error;
      // a library that does not cope with a file: it ends this file, not the command
      throw new UserError(`${path} is a damaged ${name} file: its decoder failed.`, { cause: error });
    }
  } finally {
    file.close();
  }
}

async function* monoBlocks(blocks: ReturnType<Decode>, path: string): AsyncGenerator<Recording, void, undefined> {
  let length = 0;
  let sampleRate: number | undefined;
  for await (const decoded of blocks) {
    const block = monoRecording(decoded, path);
    sampleRate ??= block.sampleRate;
    if (block.sampleRate !== sampleRate)
      throw new UserError(`${path} changes its sample rate from ${sampleRate} to ${block.sampleRate} Hz.`);
    length += block.samples.length;
    if (block.samples.length > 0) yield block;
  }
  checkLength(length, path);
}

function formatOf(file: FileBytes): (typeof DECODED_FORMATS)[number] {
  if (file.size === 0) throw new UserError(`${file.path} is empty: it has 0 bytes.`);
  expectNoPointer(file.read(0, POINTER_BYTES), file.path);
  const format = DECODED_FORMATS.find(({ matches }) => matches(file));
  if (!format)
    throw new UserError(
      `${file.path} is not a supported audio file: expected WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus.`,
    );
  return format;
}
