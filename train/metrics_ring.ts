import type { Device } from "../engine/device.ts";
import { read, release, zeroTensor, type Tensor } from "../engine/tensor.ts";

/**
 * Single numbers of many steps, kept on the device until somebody wants to see them: a step never waits for the host,
 * and a copy of four bytes per number is all that it costs.
 */
export class MetricsRing {
  readonly #device: Device;
  readonly #names: readonly string[];
  readonly #rows: Tensor;
  #count = 0;

  constructor(device: Device, names: readonly string[], capacity: number) {
    this.#device = device;
    this.#names = names;
    this.#rows = zeroTensor(device, [capacity, names.length]);
  }

  /** Encodes keeping these one-element tensors as the next row. A name without a tensor keeps the value of an older row. */
  push(values: Readonly<Record<string, Tensor | undefined>>): void {
    const [capacity = 0] = this.#rows.shape;
    if (this.#count === capacity) throw new Error(`MetricsRing: more than ${capacity} rows without a drain`);
    this.#names.forEach((name, i) => {
      const x = values[name];
      if (x) this.#device.recorder.copy(x.storage.buffer, x.offset, this.#rows.storage.buffer, (this.#count * this.#names.length + i) * 4, 4);
    });
    this.#count++;
  }

  get isFull(): boolean {
    return this.#count === this.#rows.shape[0];
  }

  /** The rows since the last drain, oldest first. Waits for the device. */
  async drain(): Promise<Record<string, number>[]> {
    const count = this.#count;
    this.#count = 0;
    if (count === 0) return [];
    const values = await read(this.#device, this.#rows);
    return Array.from({ length: count }, (_, row) =>
      Object.fromEntries(this.#names.map((name, i) => [name, values[row * this.#names.length + i] as number])),
    );
  }

  release(): void {
    release(this.#rows);
  }
}
