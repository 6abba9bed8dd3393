import type { Tensor } from "./tensor.ts";

/**
 * Counts the bytes that kernels move: of each dispatch, what is bound to it, once. A lower estimate, for a kernel may read
 * an element more often than once, and one that is added to is both read and written; but a table counts whole, also if a
 * kernel gathers a few of its rows. Copies and clears between dispatches are not in it.
 *
 * Off by default: `device.traffic = new Traffic()` begins to count, `device.traffic = undefined` ends it.
 */
export class Traffic {
  bytes = 0;
  dispatches = 0;

  /** One dispatch with these tensors. What is bound twice, as in place of something optional, counts once. */
  add(tensors: readonly Tensor[]): void {
    const seen = new Map<GPUBuffer, Set<number>>();
    for (const {
      storage: { buffer },
      offset,
      bytes,
    } of tensors) {
      const offsets = seen.get(buffer) ?? new Set();
      if (offsets.has(offset)) continue;
      seen.set(buffer, offsets.add(offset));
      this.bytes += bytes;
    }
    this.dispatches++;
  }
}
