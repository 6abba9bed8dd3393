import type { Tensor } from "./tensor.ts";

/**
 * Estimates the bytes that kernels move, as the bytes bound to each dispatch, counted once. Usually an underestimate, since kernels
 * may read an element several times, and read and write the ones they add to; but an overestimate for a kernel that gathers a few
 * rows of a table. Copies and clears between dispatches are not counted.
 *
 * Off by default: `device.traffic = new Traffic()` starts counting, `device.traffic = undefined` stops.
 */
export class Traffic {
  bytes = 0;
  dispatches = 0;

  /** Adds one dispatch with these tensors. A tensor bound twice, such as in place of an optional one, counts once. */
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
