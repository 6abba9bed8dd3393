import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { OggOpusDecoder } from "ogg-opus-decoder";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import type { FileBytes } from "./file_bytes.ts";
import { readOggPages, type OggStream } from "./ogg_pages.ts";

export { isOgg } from "./ogg_pages.ts";

interface Decoded {
  readonly channelData: Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: { readonly message: string }[];
}

/** What both libraries offer. Each decoder has a WebAssembly memory of its own until it is freed. */
interface OggDecoder {
  readonly ready: Promise<void>;
  /** Of the pages that are complete with this part. */
  decode(part: Uint8Array): Promise<Decoded>;
  /** Of the last page. */
  flush(): Promise<Decoded>;
  free(): void;
}

interface Codec {
  readonly name: string;
  /** First bytes of the first packet. */
  readonly magic: string;
  open(): OggDecoder;
  /** Samples that the stream says it has. */
  announced(stream: OggStream): number;
}

const CODECS: readonly Codec[] = [
  {
    name: "Vorbis",
    magic: "\x01vorbis",
    open: () => new OggVorbisDecoder() as OggDecoder,
    announced: ({ endPosition }) => endPosition,
  },
  {
    name: "Opus",
    magic: "OpusHead",
    open: () => new OggOpusDecoder() as unknown as OggDecoder, // its types forget that `decode` is asynchronous
    // The samples that prime the decoder count as well, though they are not heard (RFC 7845, section 4).
    announced: ({ firstPacket, endPosition }) => endPosition - ((firstPacket[10] ?? 0) + 256 * (firstPacket[11] ?? 0)),
  },
];

/** What else is found in Ogg files, for a message. */
const OTHER_CODECS: Record<string, string> = { "\x7fFLAC": "FLAC", "Speex   ": "Speex", "\x80theora": "Theora" };

/**
 * Decodes an Ogg file of Vorbis or Opus, part by part; Opus always at 48 kHz, the rate it is defined at.
 *
 * @throws UserError if it is damaged, cut short or of another codec
 */
export async function* decodeOgg(file: FileBytes): AsyncGenerator<DecodedAudio> {
  const stream = readOggPages(file);
  const magic = Buffer.from(stream.firstPacket.subarray(0, 8)).toString("latin1");
  const codec = CODECS.find((known) => magic.startsWith(known.magic));
  if (!codec) {
    const other = Object.entries(OTHER_CODECS).find(([start]) => magic.startsWith(start))?.[1] ?? "an unknown codec";
    throw new UserError(`${file.path} is an Ogg file of ${other}, expected Vorbis or Opus.`);
  }
  const announced = codec.announced(stream);
  let decoded = 0;
  for await (const { channelData, samplesDecoded, sampleRate } of decodeParts(codec, file)) {
    const length = Math.max(0, Math.min(samplesDecoded, announced - decoded)); // the last packet has more than is heard
    decoded += samplesDecoded;
    yield { channels: channelData.map((channel) => channel.subarray(0, length)), sampleRate };
  }
  if (decoded === 0) throw damaged(codec, file.path, "nothing could be decoded");
}

/** What has samples of what the library makes of a file. */
async function* decodeParts(codec: Codec, file: FileBytes): AsyncGenerator<Decoded> {
  const decoder = codec.open();
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
