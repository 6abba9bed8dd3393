import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import type { DecodedAudio } from "./recording.ts";

/*
 * The decoders skip pages they do not understand, so the pages are walked here first and their checksums verified:
 * `codec-parser` 2.5.0, which finds the pages for the decoders, `mediabunny` 1.61.0 and `music-metadata` 11.16.1
 * silently return all samples of a file with a damaged page, or with garbage after its last page.
 */

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
  /** Loads the library at first use: it is of many files, and most recordings are of another format. */
  open(): Promise<OggDecoder>;
  /** Number of samples according to the stream. */
  announced(stream: OggStream): number;
}

const CODECS: readonly Codec[] = [
  {
    name: "Vorbis",
    magic: "\x01vorbis",
    open: async () => {
      const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
      return new OggVorbisDecoder() as OggDecoder;
    },
    announced: ({ endPosition }) => endPosition,
  },
  {
    name: "Opus",
    magic: "OpusHead",
    open: async () => {
      const { OggOpusDecoder } = await import("ogg-opus-decoder");
      return new OggOpusDecoder() as unknown as OggDecoder; // its types omit that `decode` is asynchronous
    },
    // The granule position includes the pre-skip, samples that prime the decoder and are not played (RFC 7845, section
    // 4).
    announced: ({ firstPacket, endPosition }) => endPosition - ((firstPacket[10] ?? 0) + 256 * (firstPacket[11] ?? 0)),
  },
];

export const isOgg = (file: FileBytes): boolean => startsPage(file.read(0, 4));

/** Other codecs found in Ogg files, for messages. */
const OTHER_CODECS: Record<string, string> = { "\x7fFLAC": "FLAC", "Speex   ": "Speex", "\x80theora": "Theora" };

/**
 * Decodes an Ogg Vorbis or Opus file, part by part; Opus always at 48 kHz, the rate it is defined at.
 *
 * @throws UserError if it is damaged, truncated or uses another codec
 */
export async function* decodeOgg(file: FileBytes): AsyncGenerator<DecodedAudio> {
  const stream = readPages(file);
  const magic = Buffer.from(stream.firstPacket.subarray(0, 8)).toString("latin1");
  const codec = CODECS.find((known) => magic.startsWith(known.magic));
  if (!codec) {
    const other = Object.entries(OTHER_CODECS).find(([start]) => magic.startsWith(start))?.[1] ?? "an unknown codec";
    throw new UserError(`${file.path} is an Ogg file with ${other}, expected Vorbis or Opus.`);
  }
  const announced = codec.announced(stream);
  let decoded = 0;
  for await (const { channelData, samplesDecoded, sampleRate } of decodeParts(codec, file)) {
    const length = Math.max(0, Math.min(samplesDecoded, announced - decoded)); // the last packet decodes to more than is played
    decoded += samplesDecoded;
    yield { channels: channelData.map((channel) => channel.subarray(0, length)), sampleRate };
  }
  if (decoded === 0) throw damaged(codec, file.path, "nothing could be decoded");
}

/** Decodes a file and yields the results that have samples. */
async function* decodeParts(codec: Codec, file: FileBytes): AsyncGenerator<Decoded> {
  const decoder = await codec.open();
  const checked = async (decoding: Promise<Decoded>): Promise<Decoded> => {
    const decoded = await decoding.catch((error: Error) => Promise.reject(damaged(codec, file.path, error.message)));
    if (decoded.errors[0]) throw damaged(codec, file.path, decoded.errors[0].message);
    return decoded;
  };
  try {
    await decoder.ready;
    for (const part of file.parts(0)) {
      const decoded = await checked(decoder.decode(part));
      if (decoded.samplesDecoded > 0) yield decoded;
    }
    const last = await checked(decoder.flush());
    if (last.samplesDecoded > 0) yield last;
  } finally {
    decoder.free();
  }
}

const damaged = (codec: Codec, name: string, why: string) =>
  new UserError(`${name} is a damaged Ogg ${codec.name} file: ${why.split("\n")[0]}.`);

/** What the pages of an Ogg file say, before anything is decoded. */
interface OggStream {
  /** The start of the first packet, which names the codec. */
  readonly firstPacket: Uint8Array;
  /** Samples from the start of the stream to its end: the granule position of its last page. */
  readonly endPosition: number;
}

const HEADER_BYTES = 27;

/** Page flag: beginning of a stream. Needed besides the serial number, which concatenated copies of a file share. */
const FIRST_PAGE = 2;

/** 255 segments of up to 255 bytes each. */
const LARGEST_PAGE = HEADER_BYTES + 255 + 255 * 255;

/**
 * Walks the pages of an Ogg file and verifies each one's checksum. A page (RFC 3533, section 6): "OggS", version,
 * flags, granule position (8 bytes), serial number, sequence number, checksum (4 each), number of segments, their
 * lengths, their bytes.
 *
 * @throws UserError if a page is damaged or missing, the file ends within one, or it contains several streams
 */
function readPages(file: FileBytes): OggStream {
  const name = file.path;
  let serial: number | undefined;
  let sequence: number | undefined;
  let endPosition = 0;
  let firstPacket: Uint8Array | undefined;
  for (let start = 0, number = 1; start < file.size; number++) {
    const bytes = file.read(start, LARGEST_PAGE);
    const body = HEADER_BYTES + (bytes[HEADER_BYTES - 1] ?? 0);
    const end = bytes.subarray(HEADER_BYTES, body).reduce((sum, length) => sum + length, body);
    if (startsPage(bytes) ? end > bytes.length : bytes.length < 4)
      throw new UserError(`${name} is a truncated Ogg file: it ends within page ${number}.`);
    if (!startsPage(bytes)) throw new UserError(`${name} is a damaged Ogg file: no page starts at byte ${start}.`);
    const page = bytes.subarray(0, end);
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    if (checksum(page) !== view.getUint32(22, true))
      throw new UserError(`${name} is a damaged Ogg file: page ${number} does not match its checksum.`);
    serial ??= view.getUint32(14, true);
    const begins = ((bytes[5] ?? 0) & FIRST_PAGE) !== 0;
    if (view.getUint32(14, true) !== serial || (begins && number > 1))
      throw new UserError(`${name} contains several Ogg streams, expected one.`);
    if (sequence !== undefined && view.getUint32(18, true) !== sequence + 1)
      throw new UserError(`${name} is a damaged Ogg file: a page is missing before page ${number}.`);
    sequence = view.getUint32(18, true);
    const position = view.getBigInt64(6, true); // -1 where no packet ends
    if (position > 0n) endPosition = Number(position);
    firstPacket ??= Uint8Array.from(page.subarray(body));
    start += end;
  }
  return { firstPacket: firstPacket ?? new Uint8Array(), endPosition };
}

const startsPage = (bytes: Buffer): boolean => bytes.toString("latin1", 0, 4) === "OggS";

/**
 * CRC-32 with polynomial 0x04c11db7, most significant bit first, starting from 0, with the checksum's own four bytes as
 * 0. The package `crc-32` and `node:zlib` have the variant with the least significant bit first.
 */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : (page[i] as number);
    crc = (crc << 8) ^ (CRC_OF_BYTE[(crc >>> 24) ^ byte] as number);
  }
  return crc >>> 0;
}

const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});
