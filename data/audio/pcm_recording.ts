import { UserError } from "../../engine/errors.ts";
import type { Encoding } from "./encodings.ts";
import { FileBytes } from "./file_bytes.ts";
import { checkLength, checkRate, monoRecording, type OpenRecording } from "./recording.ts";

/** Samples, over all channels, decoded at a time. */
const BLOCK = 2 ** 16;

/** Where and how a file without compression stores its samples. */
export interface PcmLayout {
  /** Hz */
  readonly sampleRate: number;
  readonly channels: number;
  /** In samples per channel, at least 1. */
  readonly length: number;
  /** Byte at which the samples start. */
  readonly dataStart: number;
  readonly encoding: Encoding;
  readonly littleEndian: boolean;
  /** See `OpenRecording.remarks`. */
  readonly remarks: readonly string[];
}

/** A recording without compression. Only the requested bytes are read. Nothing stays open between reads. */
export class PcmRecording implements OpenRecording {
  readonly layout: PcmLayout;
  readonly #path: string;

  /** @throws UserError if the rate cannot be converted or there are no samples */
  constructor(path: string, layout: PcmLayout) {
    checkRate(layout.sampleRate, path);
    checkLength(layout.length, path);
    this.#path = path;
    this.layout = layout;
  }

  get sampleRate(): number {
    return this.layout.sampleRate;
  }

  get channels(): number {
    return this.layout.channels;
  }

  remarks(): readonly string[] {
    return this.layout.remarks;
  }

  length(): Promise<number> {
    return Promise.resolve(this.layout.length);
  }

  async read(from: number, to: number): Promise<Float32Array> {
    const end = Math.min(to, this.layout.length);
    const block = Math.max(1, Math.floor(BLOCK / this.channels));
    const samples = new Float32Array(Math.max(0, end - from));
    FileBytes.using(this.#path, (file) => {
      for (let at = from; at < end; at += block) {
        const decoded = { channels: this.#decode(file, at, Math.min(block, end - at)), sampleRate: this.sampleRate };
        samples.set(monoRecording(decoded, this.#path).samples, at - from);
      }
    });
    return samples;
  }

  async close(): Promise<void> {}

  /** Decodes `[channels][count]`, from sample `from` on. */
  #decode(file: FileBytes, from: number, count: number): Float32Array[] {
    const { channels, dataStart, encoding, littleEndian } = this.layout;
    const stride = channels * encoding.bytes;
    const bytes = file.copy(dataStart + from * stride, count * stride);
    if (bytes.length < count * stride) throw new UserError(`${this.#path} was truncated while being read.`);
    this.#checkUnused(bytes);
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: channels }, (_, channel) => {
      const samples = new Float32Array(count);
      for (let i = 0, at = channel * encoding.bytes; i < count; i++, at += stride)
        samples[i] = encoding.read(data, at, littleEndian);
      return samples;
    });
  }

  /** @throws UserError if a byte that should be unused holds something */
  #checkUnused(bytes: Uint8Array): void {
    const { encoding, littleEndian } = this.layout;
    const unused = Math.floor(encoding.unusedBits / 8);
    for (let i = 0; i < unused; i++)
      for (let at = littleEndian ? i : encoding.bytes - 1 - i; at < bytes.length; at += encoding.bytes)
        if (bytes[at] !== 0)
          throw new UserError(
            `${this.#path} contradicts its header: samples of ${8 * encoding.bytes - encoding.unusedBits} bits in ${encoding.bytes} bytes fill the upper bits, but the lower ones are not 0.`,
          );
  }
}
