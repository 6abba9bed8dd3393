import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { OggOpusDecoder } from "ogg-opus-decoder";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import { readOggPages, type OggStream } from "./ogg_pages.ts";

export { isOgg } from "./ogg_pages.ts";

/** What both libraries offer. Each decoder has a WebAssembly memory of its own until it is freed. */
interface OggDecoder {
  readonly ready: Promise<void>;
  decodeFile(bytes: Uint8Array): Promise<{ channelData: Float32Array[]; samplesDecoded: number; sampleRate: number; errors: { message: string }[] }>;
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
  { name: "Vorbis", magic: "\x01vorbis", open: () => new OggVorbisDecoder() as OggDecoder, announced: ({ endPosition }) => endPosition },
  {
    name: "Opus",
    magic: "OpusHead",
    open: () => new OggOpusDecoder() as OggDecoder,
    // The samples that prime the decoder count as well, though they are not heard (RFC 7845, section 4).
    announced: ({ firstPacket, endPosition }) => endPosition - ((firstPacket[10] ?? 0) + 256 * (firstPacket[11] ?? 0)),
  },
];

/** What else is found in Ogg files, for a message. */
const OTHER_CODECS: Record<string, string> = { "\x7fFLAC": "FLAC", "Speex   ": "Speex", "\x80theora": "Theora" };

/**
 * Decodes an Ogg file of Vorbis or Opus; Opus always at 48 kHz, the rate it is defined at.
 *
 * @param name how messages call the file
 * @throws UserError if it is damaged, cut short or of another codec
 */
export async function decodeOgg(bytes: Uint8Array, name: string): Promise<DecodedAudio> {
  const stream = readOggPages(bytes, name);
  const magic = Buffer.from(stream.firstPacket.subarray(0, 8)).toString("latin1");
  const codec = CODECS.find((known) => magic.startsWith(known.magic));
  if (!codec) {
    const other = Object.entries(OTHER_CODECS).find(([start]) => magic.startsWith(start))?.[1] ?? "an unknown codec";
    throw new UserError(`${name} is an Ogg file of ${other}, expected Vorbis or Opus.`);
  }
  const { channelData, samplesDecoded, sampleRate, errors } = await decodeWith(codec, bytes, name);
  if (errors[0] || samplesDecoded === 0) throw damaged(codec, name, errors[0]?.message ?? "nothing could be decoded");
  const length = Math.max(0, Math.min(samplesDecoded, codec.announced(stream)));
  return { channels: channelData.map((channel) => channel.subarray(0, length)), sampleRate };
}

async function decodeWith(codec: Codec, bytes: Uint8Array, name: string) {
  const decoder = codec.open();
  try {
    await decoder.ready;
    return await decoder.decodeFile(bytes);
  } catch (error) {
    throw damaged(codec, name, (error as Error).message);
  } finally {
    decoder.free();
  }
}

const damaged = (codec: Codec, name: string, why: string) => new UserError(`${name} is a damaged Ogg ${codec.name} file: ${why.split("\n")[0]}.`);
