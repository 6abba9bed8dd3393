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
  /** Which kernels ran, such as "softmax/forward_thread_row". */
  readonly shaders = new Set<string>();

  /** Adds one dispatch of a shader with these tensors. A tensor bound twice, such as in place of an optional one, counts once. */
  add(shader: string, tensors: readonly Tensor[]): void {
    this.shaders.add(shader);
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
