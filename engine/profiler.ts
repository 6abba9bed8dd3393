import { BufferUsage, MapMode } from "./gpu_flags.ts";
import { waitFor } from "./wait.ts";

/**
 * GPU time per dispatch, from timestamp queries. Only in profile mode: each dispatch then runs in a pass of its
 * own, which costs more than most kernels, so whole-step times are taken without it.
 */
const CAPACITY = 2048;

export interface ProfiledKernel {
  readonly label: string;
  readonly calls: number;
  readonly milliseconds: number;
}

export class Profiler {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;
  #labels: string[] = [];
  /** How many of the labels have their timestamps in the staging buffer. */
  #staged = 0;
  /** Dispatches that found no free query and were not timed. */
  missed = 0;

  constructor(gpu: GPUDevice) {
    const bytes = CAPACITY * 2 * 8;
    this.#queries = gpu.createQuerySet({ type: "timestamp", count: CAPACITY * 2 });
    this.#resolved = gpu.createBuffer({ size: bytes, usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC });
    this.#staging = gpu.createBuffer({ size: bytes, usage: BufferUsage.COPY_DST | BufferUsage.MAP_READ });
  }

  /** The timestamp writes of the next dispatch, or undefined when all queries are used. */
  begin(label: string): GPUComputePassTimestampWrites | undefined {
    const index = this.#labels.length;
    if (index === CAPACITY) {
      this.missed++;
      return undefined;
    }
    this.#labels.push(label);
    return { querySet: this.#queries, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
  }

  /** Encodes copying the timestamps so far; the recorder calls this at each submission. */
  resolve(encoder: GPUCommandEncoder): void {
    const count = this.#labels.length * 2;
    if (count === 0 || this.#staging.mapState !== "unmapped") return;
    encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, count * 8);
    this.#staged = this.#labels.length;
  }

  /** Time by kernel since the last call, most expensive first. The recorder must have been flushed. */
  async collect(): Promise<ProfiledKernel[]> {
    const labels = this.#labels;
    if (this.#staged < labels.length) throw new Error("Profiler: the recorder was not flushed before collect()");
    this.#labels = [];
    this.#staged = 0;
    if (labels.length === 0) return [];
    await waitFor(this.#staging.mapAsync(MapMode.READ));
    const ticks = new BigUint64Array(this.#staging.getMappedRange(0, labels.length * 16).slice(0));
    this.#staging.unmap();
    const totals = new Map<string, { calls: number; milliseconds: number }>();
    labels.forEach((label, i) => {
      const nanoseconds = Number((ticks[2 * i + 1] as bigint) - (ticks[2 * i] as bigint));
      const total = totals.get(label) ?? { calls: 0, milliseconds: 0 };
      totals.set(label, { calls: total.calls + 1, milliseconds: total.milliseconds + nanoseconds / 1e6 });
    });
    return [...totals]
      .map(([label, total]) => ({ label, ...total }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }
}
