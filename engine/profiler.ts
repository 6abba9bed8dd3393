import { BufferUsage, MapMode } from "./gpu_flags.ts";
import { waitFor } from "./host/node.ts";

/**
 * GPU time per kernel, from timestamp queries. Profiling runs each dispatch in a pass of its own, which costs more than most kernels,
 * so measure whole-step times without it.
 */
export interface ProfiledKernel {
  readonly label: string;
  readonly calls: number;
  readonly milliseconds: number;
}

/** One dispatch, in encoding order. */
export interface ProfiledDispatch {
  readonly label: string;
  /** The recorder's `scope`: the part of the model that the dispatch belongs to, or "". */
  readonly scope: string;
  /** Nanoseconds on the device's clock since the first dispatch began. No dispatch begins before all earlier ones have ended. */
  readonly begin: number;
  readonly end: number;
  /** When the dispatch was submitted: milliseconds on the host's clock, `performance.now()`. */
  readonly submitted: number;
}

interface Pending {
  readonly label: string;
  readonly scope: string;
  submitted: number | undefined;
}

export class Profiler {
  readonly #gpu: GPUDevice;
  /** As many as the longest stretch between two calls of `collect` needed. */
  readonly #chunks: QueryChunk[] = [];
  #pending: Pending[] = [];
  #resolved = 0;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** The timestamp writes of the next dispatch. */
  begin(label: string, scope = ""): GPUComputePassTimestampWrites {
    const index = this.#pending.length;
    this.#pending.push({ label, scope, submitted: undefined });
    const chunk = (this.#chunks[Math.floor(index / CHUNK)] ??= new QueryChunk(this.#gpu));
    return chunk.writes(index % CHUNK);
  }

  /** Encodes copying the timestamps since the last submission. The recorder calls this at each submission. */
  resolve(encoder: GPUCommandEncoder): void {
    const { length } = this.#pending;
    for (let from = this.#resolved; from < length; from = (Math.floor(from / CHUNK) + 1) * CHUNK) {
      const chunk = Math.floor(from / CHUNK);
      (this.#chunks[chunk] as QueryChunk).resolve(encoder, from % CHUNK, Math.min(CHUNK, length - chunk * CHUNK));
    }
    const now = performance.now();
    for (const dispatch of this.#pending.slice(this.#resolved)) dispatch.submitted = now;
    this.#resolved = length;
  }

  /** The dispatches since the last call of this or of `collect`. The recorder must have been flushed. */
  async dispatches(): Promise<ProfiledDispatch[]> {
    const pending = this.#pending;
    if (this.#resolved < pending.length) throw new Error("Profiler: the recorder was not flushed before collect()");
    this.#pending = [];
    this.#resolved = 0;
    const used = this.#chunks.slice(0, Math.ceil(pending.length / CHUNK));
    const ticks = await Promise.all(used.map((chunk, i) => chunk.read(Math.min(CHUNK, pending.length - i * CHUNK))));
    const tick = (index: number, which: 0 | 1): bigint =>
      ticks[Math.floor(index / CHUNK)]?.[2 * (index % CHUNK) + which] as bigint;
    // Ticks count from an arbitrary start, too large for a double to resolve nanoseconds.
    const spans = pending.map((_, i) => ({
      begin: Number(tick(i, 0) - tick(0, 0)),
      end: Number(tick(i, 1) - tick(0, 0)),
    }));
    const once = countedOnce(spans);
    return pending.map(({ label, scope, submitted }, i) => ({
      label,
      scope,
      ...(once[i] as Span),
      submitted: submitted as number,
    }));
  }

  /** Time per kernel since the last call, most expensive first. The recorder must have been flushed. */
  async collect(): Promise<ProfiledKernel[]> {
    return totalsOf(await this.dispatches());
  }
}

interface Span {
  readonly begin: number;
  readonly end: number;
}

/**
 * Clips each dispatch's span to begin after all earlier ones have ended, so that the spans add up to at most the time from the first
 * begin to the last end. Raw spans may count time twice: a GPU may stamp a pass's begin before the barrier where its dispatch waits
 * for the previous one, or run independent dispatches side by side.
 */
export function countedOnce(stamped: readonly Span[]): Span[] {
  let free = -Infinity;
  return stamped.map(({ begin, end }) => {
    const from = Math.max(begin, free);
    free = Math.max(end, from);
    return { begin: from, end: free };
  });
}

/** Time per kernel, most expensive first. */
export function totalsOf(dispatches: readonly ProfiledDispatch[]): ProfiledKernel[] {
  const totals = new Map<string, { calls: number; milliseconds: number }>();
  for (const { label, begin, end } of dispatches) {
    const total = totals.get(label) ?? { calls: 0, milliseconds: 0 };
    totals.set(label, { calls: total.calls + 1, milliseconds: total.milliseconds + (end - begin) / 1e6 });
  }
  return [...totals].map(([label, total]) => ({ label, ...total })).sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Dispatches per query set: WebGPU allows 4096 queries, and each dispatch takes two. */
const CHUNK = 2048;
/** Bytes of a dispatch's two timestamps, and the alignment that resolving requires. */
const [PAIR, ALIGNMENT] = [16, 256];

/** A query set and the buffers that bring its timestamps to the host. */
class QueryChunk {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(gpu: GPUDevice) {
    const size = CHUNK * PAIR;
    this.#queries = gpu.createQuerySet({ type: "timestamp", count: CHUNK * 2 });
    this.#resolved = gpu.createBuffer({ size, usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC });
    this.#staging = gpu.createBuffer({ size, usage: BufferUsage.COPY_DST | BufferUsage.MAP_READ });
  }

  writes(index: number): GPUComputePassTimestampWrites {
    return { querySet: this.#queries, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
  }

  /** Resolves dispatches `from` to `to - 1`, plus earlier ones as alignment requires. */
  resolve(encoder: GPUCommandEncoder, from: number, to: number): void {
    const start = from - (from % (ALIGNMENT / PAIR));
    encoder.resolveQuerySet(this.#queries, 2 * start, 2 * (to - start), this.#resolved, start * PAIR);
    encoder.copyBufferToBuffer(this.#resolved, start * PAIR, this.#staging, start * PAIR, (to - start) * PAIR);
  }

  /** Begin and end of the first `count` dispatches, interleaved. */
  async read(count: number): Promise<BigUint64Array> {
    await waitFor(this.#staging.mapAsync(MapMode.READ));
    const ticks = new BigUint64Array(this.#staging.getMappedRange(0, count * PAIR).slice(0));
    this.#staging.unmap();
    return ticks;
  }
}
