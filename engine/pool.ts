import { RunError } from "./errors.ts";
import { BufferUsage } from "./gpu_flags.ts";

/**
 * Whole GPU buffers, kept by size class and handed out again.
 *
 * A buffer may be returned as soon as its last use is *encoded*: commands run in the order they were encoded, so
 * whoever gets it next writes after that use. Therefore host uploads must never touch a pooled buffer directly
 * (`queue.writeBuffer` overtakes encoded commands); they go through the recorder's staging copies.
 */
export interface PoolStatistics {
  /** Bytes of buffers in use now. */
  readonly liveBytes: number;
  /** The most that was ever in use at once since the last `resetPeak()`. */
  readonly peakBytes: number;
  /** Bytes of all buffers that exist: in use and waiting. */
  readonly allocatedBytes: number;
}

export class BufferPool {
  readonly #gpu: GPUDevice;
  /** By size; the oldest last. */
  readonly #waiting = new Map<number, GPUBuffer[]>();
  /** In which order buffers were made. */
  readonly #ages = new WeakMap<GPUBuffer, number>();
  #created = 0;
  #live = 0;
  #peak = 0;
  #allocated = 0;
  readonly #giveUpWaiting: () => void;
  /** Bytes that all buffers together may have, as far as those in use allow it: waiting ones are given up before it is exceeded. */
  budget = Infinity;

  /** @param giveUpWaiting calls `trim` after it has submitted what is encoded */
  constructor(gpu: GPUDevice, giveUpWaiting: () => void = () => this.trim()) {
    this.#gpu = gpu;
    this.#giveUpWaiting = giveUpWaiting;
  }

  /**
   * A buffer of at least `bytes` bytes, with undefined contents.
   *
   * @param exact no larger than that, for one that is held for long: of what a size class adds, nobody would have any use
   * @throws RunError when no buffer of this device is so large
   */
  acquire(bytes: number, { exact = false }: { readonly exact?: boolean } = {}): GPUBuffer {
    const most = this.#gpu.limits.maxBufferSize;
    if (bytes > most)
      throw new RunError(`a tensor of ${bytes} bytes was asked for; a buffer of this device has at most ${most}`);
    const size = Math.min(exact ? Math.ceil(bytes / 4) * 4 : sizeClass(bytes), Math.floor(most / 4) * 4);
    this.#live += size;
    this.#peak = Math.max(this.#peak, this.#live);
    const reused = this.#waiting.get(size)?.pop();
    if (reused) return reused;
    const waiting = this.#allocated - (this.#live - size);
    if (waiting > 0 && this.#allocated + size > this.budget) this.#giveUpWaiting();
    this.#allocated += size;
    const buffer = this.#gpu.createBuffer({
      size,
      usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
    });
    this.#ages.set(buffer, this.#created++);
    return buffer;
  }

  /**
   * Takes back a buffer whose last use has been encoded. The oldest waiting one is given out first, whatever order they
   * came back in: so equal steps get equal buffers, and find the bind groups of the step before.
   */
  release(buffer: GPUBuffer): void {
    this.#live -= buffer.size;
    const list = this.#waiting.get(buffer.size) ?? [];
    const age = this.#ages.get(buffer) as number;
    const at = list.findLastIndex((other) => (this.#ages.get(other) as number) > age) + 1;
    list.splice(at, 0, buffer);
    this.#waiting.set(buffer.size, list);
  }

  /** Destroys all waiting buffers. Call only when nothing encoded is unsubmitted. */
  trim(): void {
    for (const list of this.#waiting.values()) {
      for (const buffer of list) {
        this.#allocated -= buffer.size;
        buffer.destroy();
      }
    }
    this.#waiting.clear();
  }

  resetPeak(): void {
    this.#peak = this.#live;
  }

  get statistics(): PoolStatistics {
    return { liveBytes: this.#live, peakBytes: this.#peak, allocatedBytes: this.#allocated };
  }
}

/** The next size of the series 2^k · {4, 5, 6, 7}/4: at most a quarter is wasted, and few classes exist. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const power = 2 ** Math.floor(Math.log2(bytes));
  for (const quarters of [4, 5, 6, 7]) {
    const size = (power / 4) * quarters;
    if (size >= bytes) return size;
  }
  return power * 2;
}
