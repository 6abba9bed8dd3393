import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import { readPages, startsPage, type OggStream } from "./ogg_pages.ts";
import type { DecodedAudio } from "./recording.ts";
import { silenced } from "./silenced.ts";

interface Decoded {
  readonly channelData: Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: { readonly message: string }[];
}

/** The interface of both libraries. Each decoder holds its own WebAssembly memory until freed. */
interface OggDecoder {
  readonly ready: Promise<void>;
  /** Decodes the pages completed by this part. */
  decode(part: Uint8Array): Promise<Decoded>;
  /** Decodes the last page. */
  flush(): Promise<Decoded>;
  free(): void;
}

interface Codec {
  readonly name: string;
  /** The first bytes of the first packet. */
  readonly magic: string;
  /** Least length of the first packet. */
  readonly headerBytes: number;
  /** Loads the library at first use: it is of many files, and most recordings are of another format. */
  open(): Promise<OggDecoder>;
  /** Number of samples before a granule position. */
  samplesUntil(position: number, stream: OggStream): number;
  /** The factor for its samples; the library does not apply it. */
  gain(stream: OggStream): number;
}

const CODECS: readonly Codec[] = [
  {
    name: "Vorbis",
    magic: "\x01vorbis",
    headerBytes: 30,
    open: async () => {
      const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
      return new OggVorbisDecoder() as OggDecoder;
    },
    samplesUntil: (position) => position,
    gain: () => 1,
  },
  {
    name: "Opus",
    magic: "OpusHead",
    headerBytes: 19,
    open: async () => {
      const { OggOpusDecoder } = await import("ogg-opus-decoder");
      return new OggOpusDecoder() as unknown as OggDecoder; // its types omit that `decode` is asynchronous
    },
    // The granule position includes the pre-skip, samples that prime the decoder and are not played (RFC 7845, section
    // 4).
    samplesUntil: (position, { firstPacket }) => position - firstPacket.readUInt16LE(10),
    // The output gain is in 1/256 dB, and part of the decoding (section 5.1), unlike those in comments.
    gain: ({ firstPacket }) => 10 ** (firstPacket.readInt16LE(16) / (20 * 256)),
  },
];

export const isOgg = (file: FileBytes): boolean => startsPage(file.read(0, 4));

/** Other codecs found in Ogg files, for messages. */
const OTHER_CODECS: Record<string, string> = { "\x7fFLAC": "FLAC", "Speex   ": "Speex", "\x80theora": "Theora" };

/**
 * Decodes an Ogg Vorbis or Opus file, part by part; Opus always at 48 kHz, the rate it is defined at. A stream without a
 * marked end is remarked.
 *
 * @throws UserError if it is damaged, truncated or uses another codec, or if sound lies before its start
 */
export async function* decodeOgg(
  file: FileBytes,
  note: (remark: string) => void = () => undefined,
): AsyncGenerator<DecodedAudio> {
  const stream = readPages(file);
  const magic = stream.firstPacket.toString("latin1", 0, 8);
  const codec = CODECS.find((known) => magic.startsWith(known.magic));
  if (!codec) {
    const other = Object.entries(OTHER_CODECS).find(([start]) => magic.startsWith(start))?.[1] ?? "an unknown codec";
    throw new UserError(`${file.path} is an Ogg file with ${other}, expected Vorbis or Opus.`);
  }
  if (stream.firstPacket.length < codec.headerBytes) throw damaged(codec, file.path, "its header is cut short");
  const announced = codec.samplesUntil(stream.endPosition, stream);
  const gain = codec.gain(stream);
  if (!stream.isClosed) note("its last page is not marked as the end of the stream, so it may be cut short");
  let decoded = 0;
  for await (const { channelData, samplesDecoded, sampleRate } of decodeParts(codec, file, stream)) {
    const length = Math.max(0, Math.min(samplesDecoded, announced - decoded)); // the last packet decodes to more than is played
    decoded += samplesDecoded;
    yield { channels: channelData.map((channel) => amplified(channel.subarray(0, length), gain)), sampleRate };
  }
  if (decoded === 0) throw damaged(codec, file.path, "nothing could be decoded");
}

const amplified = (samples: Float32Array, gain: number): Float32Array =>
  gain === 1 ? samples : samples.map((sample) => sample * gain);

/** Decodes a file and yields the results that have samples. */
async function* decodeParts(codec: Codec, file: FileBytes, stream: OggStream): AsyncGenerator<Decoded> {
  const decoder = await codec.open();
  const checked = async (decode: () => Promise<Decoded>): Promise<Decoded> => {
    const decoded = await silenced(decode);
    if (decoded.errors.length > 0) throw damaged(codec, file.path, "it cannot be decoded"); // what the library says is for programmers
    return decoded;
  };
  try {
    await decoder.ready;
    const { firstSound } = stream;
    if (firstSound) {
      let samples = 0;
      for (const part of file.parts(0, firstSound.decodedAt)) {
        const decoded = await checked(() => decoder.decode(part));
        samples += decoded.samplesDecoded;
        if (decoded.samplesDecoded > 0) yield decoded;
      }
      expectNothingBefore(codec.samplesUntil(firstSound.position, stream), samples, file.path);
    }
    for (const part of file.parts(firstSound?.decodedAt ?? 0)) {
      const decoded = await checked(() => decoder.decode(part));
      if (decoded.samplesDecoded > 0) yield decoded;
    }
    const last = await checked(() => decoder.flush());
    if (last.samplesDecoded > 0) yield last;
  } finally {
    decoder.free();
  }
}

/**
 * Where a stream was cut without being encoded again, its first samples can lie before its start. Programs differ in whether they
 * play them, and a length that excludes them would take as many from its end.
 */
function expectNothingBefore(announced: number, decoded: number, name: string): void {
  if (decoded > announced)
    throw new UserError(
      `${name} contradicts itself: its first page has ${decoded} samples, but ends after ${Math.max(0, announced)}, as in files that were cut without being encoded again.`,
    );
}

const damaged = (codec: Codec, name: string, why: string) =>
  new UserError(`${name} is a damaged Ogg ${codec.name} file: ${why}.`);
