import type { OpenRecording, Recording } from "./recording.ts";

/** How many of the latest decoded samples stay in memory: 35 minutes at 16 kHz, 128 MiB. */
const KEPT_SAMPLES = 2 ** 25;

/** Decodes a recording from start to end, in blocks of at least one sample each; `note` receives remarks. */
type DecodeBlocks = (note: (remark: string) => void) => AsyncGenerator<Recording, void>;

interface Opened {
  readonly decode: () => ReturnType<DecodeBlocks>;
  readonly remarks: ReadonlySet<string>;
  readonly keptSamples: number;
}

/**
 * A recording whose file format does not allow seeking: it is decoded from the start, only as far as it is read. The
 * latest decoded samples stay in memory, all of them unless the recording is long; reading discarded ones decodes from
 * the start again. So pieces read in order cost a single decoding, with memory use independent of the recording's
 * length.
 */
export class DecodedRecording implements OpenRecording {
  readonly sampleRate: number;
  readonly channels: number;
  /** Starts to decode; each time it makes the same remarks. */
  readonly #decode: () => ReturnType<DecodeBlocks>;
  readonly #remarks: ReadonlySet<string>;
  readonly #keptSamples: number;
  #blocks: ReturnType<DecodeBlocks> | undefined;
  /** Samples `#start` to before `#end`. */
  #kept: Float32Array[] = [];
  #start = 0;
  #end = 0;
  #length: number | undefined;
  #previous: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(first: Recording, blocks: ReturnType<DecodeBlocks>, { decode, remarks, keptSamples }: Opened) {
    this.sampleRate = first.sampleRate;
    this.channels = first.channels;
    this.#blocks = blocks;
    this.#decode = decode;
    this.#remarks = remarks;
    this.#keptSamples = keptSamples;
    this.#keep(first.samples);
  }

  /** @throws what `decode` throws before its first block */
  static async open(
    decodeBlocks: DecodeBlocks,
    { keptSamples = KEPT_SAMPLES }: { keptSamples?: number } = {},
  ): Promise<DecodedRecording> {
    const remarks = new Set<string>();
    const decode = () => decodeBlocks((remark) => void remarks.add(remark));
    const blocks = decode();
    const first = await blocks.next();
    return new DecodedRecording(first.value as Recording, blocks, { decode, remarks, keptSamples });
  }

  remarks(): readonly string[] {
    return [...this.#remarks];
  }

  length(): Promise<number> {
    return this.#sequentially(async () => {
      while (this.#length === undefined) await this.#next(Infinity);
      return this.#length;
    });
  }

  read(from: number, to: number): Promise<Float32Array> {
    return this.#sequentially(async () => {
      if (from < this.#start) await this.#rewind();
      while (this.#end < to && !(await this.#next(from)));
      const samples = new Float32Array(Math.max(0, Math.min(to, this.#end) - from));
      let at = this.#start - from;
      for (const block of this.#kept) {
        if (at + block.length > 0 && at < samples.length)
          samples.set(block.subarray(Math.max(0, -at), samples.length - at), Math.max(0, at));
        at += block.length;
      }
      return samples;
    });
  }

  /** Closes the file once pending reads are done. A later read reopens it for as long as that read takes. */
  close(): Promise<void> {
    return this.#sequentially(() => Promise.resolve(void (this.#closed = true)));
  }

  /** Runs operations one at a time, in the order of the calls. Once closed, an operation leaves nothing open. */
  #sequentially<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#previous.then(work).finally(() => (this.#closed ? this.#rewind() : undefined));
    this.#previous = result.catch(() => undefined);
    return result;
  }

  /** Decodes one more block, possibly discarding blocks that end before sample `needed`; returns true at the end. */
  async #next(needed: number): Promise<boolean> {
    this.#blocks ??= this.#decode();
    const next = await this.#blocks.next().catch(async (error: unknown) => {
      await this.#rewind(); // so that the next read fails too
      throw error;
    });
    if (next.done) {
      this.#length = this.#end;
      return true;
    }
    this.#keep(next.value.samples);
    while (
      this.#end - this.#start > this.#keptSamples &&
      this.#start + (this.#kept[0] as Float32Array).length <= needed
    ) {
      this.#start += (this.#kept.shift() as Float32Array).length;
    }
    return false;
  }

  #keep(samples: Float32Array): void {
    this.#kept.push(samples);
    this.#end += samples.length;
  }

  async #rewind(): Promise<void> {
    await this.#blocks?.return();
    [this.#blocks, this.#kept, this.#start, this.#end] = [undefined, [], 0, 0];
  }
}
