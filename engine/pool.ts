import { RunError } from "./errors.ts";
import { BufferUsage } from "./gpu_flags.ts";

/** Memory statistics of a `BufferPool`. */
export interface PoolStatistics {
  /** Bytes of buffers in use now. */
  readonly liveBytes: number;
  /** Peak of `liveBytes` since the last `resetPeak()`. */
  readonly peakBytes: number;
  /** Bytes of all existing buffers, in use or free. */
  readonly allocatedBytes: number;
}

/**
 * Recycles whole GPU buffers by size class.
 *
 * A buffer may be released as soon as its last use is *encoded*: commands run in encoding order, so its next user writes after that
 * use. Therefore host uploads must never write to a pooled buffer directly (`queue.writeBuffer` overtakes encoded commands); they go
 * through the recorder's staging copies.
 */
export class BufferPool {
  readonly #gpu: GPUDevice;
  /** Free buffers by size; the oldest last. */
  readonly #free = new Map<number, GPUBuffer[]>();
  /** Creation order of buffers. */
  readonly #ages = new WeakMap<GPUBuffer, number>();
  #created = 0;
  #live = 0;
  #peak = 0;
  #allocated = 0;
  readonly #trimSafely: () => void;
  /** Soft limit on the bytes of all buffers: free ones are destroyed before an allocation would exceed it. */
  budget = Infinity;

  /** @param trimSafely submits what is encoded, then calls `trim` */
  constructor(gpu: GPUDevice, trimSafely: () => void = () => this.trim()) {
    this.#gpu = gpu;
    this.#trimSafely = trimSafely;
  }

  /**
   * A buffer of at least `bytes` bytes, with undefined contents.
   *
   * @param exact no size class, for long-lived buffers, where the extra bytes would only be wasted
   * @throws RunError if this device does not allow buffers of that size
   */
  acquire(bytes: number, { exact = false }: { readonly exact?: boolean } = {}): GPUBuffer {
    const most = this.#gpu.limits.maxBufferSize;
    if (bytes > most)
      throw new RunError(`cannot allocate a tensor of ${bytes} bytes; a buffer on this device holds at most ${most}`);
    const size = Math.min(exact ? Math.ceil(bytes / 4) * 4 : sizeClass(bytes), Math.floor(most / 4) * 4);
    this.#live += size;
    this.#peak = Math.max(this.#peak, this.#live);
    const reused = this.#free.get(size)?.pop();
    if (reused) return reused;
    const free = this.#allocated - (this.#live - size);
    if (free > 0 && this.#allocated + size > this.budget) this.#trimSafely();
    this.#allocated += size;
    const buffer = this.#gpu.createBuffer({
      size,
      usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
    });
    this.#ages.set(buffer, this.#created++);
    return buffer;
  }

  /**
   * Takes back a buffer whose last use has been encoded. `acquire` hands out the oldest free buffer first, whatever the release
   * order, so that equal steps get equal buffers and reuse the previous step's bind groups.
   */
  release(buffer: GPUBuffer): void {
    this.#live -= buffer.size;
    const list = this.#free.get(buffer.size) ?? [];
    const age = this.#ages.get(buffer) as number;
    const at = list.findLastIndex((other) => (this.#ages.get(other) as number) > age) + 1;
    list.splice(at, 0, buffer);
    this.#free.set(buffer.size, list);
  }

  /** Destroys all free buffers. Call only if everything encoded has been submitted. */
  trim(): void {
    for (const list of this.#free.values()) {
      for (const buffer of list) {
        this.#allocated -= buffer.size;
        buffer.destroy();
      }
    }
    this.#free.clear();
  }

  resetPeak(): void {
    this.#peak = this.#live;
  }

  get statistics(): PoolStatistics {
    return { liveBytes: this.#live, peakBytes: this.#peak, allocatedBytes: this.#allocated };
  }
}

/** Rounds up to the series 2^k · {4, 5, 6, 7}/4: wastes at most a quarter, with few classes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const power = 2 ** Math.floor(Math.log2(bytes));
  for (const quarters of [4, 5, 6, 7]) {
    const size = (power / 4) * quarters;
    if (size >= bytes) return size;
  }
  return power * 2;
}
