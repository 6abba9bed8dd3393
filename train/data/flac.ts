import loadFlac from "libflacjs";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";

type LibFlac = ReturnType<typeof loadFlac>;

const END_OF_STREAM = 4;

export function isFlac(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "fLaC";
}

/**
 * Decodes a FLAC file of 16 or 24 bits with libFLAC, which also checks each frame's CRC and the MD5 sum of the whole.
 *
 * @param name how messages call the file
 * @throws UserError if it is damaged, cut short or of another bit depth
 */
export async function decodeFlac(bytes: Uint8Array, name: string): Promise<DecodedAudio> {
  const flac = await readyLibFlac();
  const decoder = flac.create_libflac_decoder(true);
  let position = 0;
  let announced = 0;
  let sampleRate = 0;
  let bitDepth = 0;
  let firstError: string | undefined;
  const blocks: Uint8Array[][] = [];
  flac.init_decoder_stream(
    decoder,
    (wanted) => {
      const buffer = bytes.slice(position, position + wanted);
      position += buffer.length;
      return { buffer, readDataLength: buffer.length, error: false };
    },
    (channels) => void blocks.push(channels),
    (_code, description) => void (firstError ??= String(description)),
    (info) => {
      if (!info) return;
      ({ sampleRate, bitsPerSample: bitDepth, total_samples: announced } = info);
    },
  );
  const processed = flac.FLAC__stream_decoder_process_until_end_of_stream(decoder);
  const ended = flac.FLAC__stream_decoder_get_state(decoder) === END_OF_STREAM;
  const intact = flac.FLAC__stream_decoder_finish(decoder);
  flac.FLAC__stream_decoder_delete(decoder);

  if (sampleRate === 0) throw new UserError(`${name} is a damaged or cut short FLAC file: it has no stream header.`);
  if (bitDepth !== 16 && bitDepth !== 24) throw new UserError(`${name} is a FLAC file of ${bitDepth} bits, expected 16 or 24.`);
  const channels = joinBlocks(blocks, bitDepth);
  const decoded = channels[0]?.length ?? 0;
  if (decoded < announced) {
    throw new UserError(`${name} is cut short or damaged: its header announces ${announced} samples, ${decoded} could be read.`);
  }
  if (firstError !== undefined || !processed || !ended || !intact) {
    throw new UserError(`${name} is a damaged FLAC file: ${firstError ?? "its checksum does not fit its samples"}.`);
  }
  return { channels, sampleRate };
}

/**
 * libFLAC once it can be called: it needs 30 ms the first time, and Node keeps the module. "release" is plain
 * JavaScript; the package's WebAssembly build does not load on Node 18 and later.
 */
export async function readyLibFlac(): Promise<LibFlac> {
  const flac = loadFlac("release");
  if (!flac.isReady()) await new Promise((resolve) => flac.on("ready", resolve));
  return flac;
}

/** Blocks come as bytes per channel: two for a 16-bit sample, four (sign-extended) for a 24-bit one. */
function joinBlocks(blocks: readonly Uint8Array[][], bitDepth: 16 | 24): Float32Array[] {
  const IntegerArray = bitDepth === 16 ? Int16Array : Int32Array;
  const half = 2 ** (bitDepth - 1);
  return (blocks[0] ?? []).map((_, channel) => {
    const bytes = new Uint8Array(Buffer.concat(blocks.map((block) => block[channel] as Uint8Array)));
    const integers = new IntegerArray(bytes.buffer);
    const values = new Float32Array(integers.length);
    for (let i = 0; i < values.length; i++) values[i] = (integers[i] as number) / half;
    return values;
  });
}
