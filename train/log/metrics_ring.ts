import type { MetricsRow } from "../../checkpoint/state.ts";
import type { Device } from "../../engine/device.ts";
import { release, type Tensor } from "../../engine/tensor.ts";
import { read, zeroTensor } from "../../engine/transfer.ts";

/** The mean over the rows that have this metric; 0 if none has. */
export function meanOf(rows: readonly MetricsRow[], name: string): number {
  const values = rows.flatMap((row) => row[name] ?? []);
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Scalar metrics of many steps, kept on the device until they are read: a step never waits for the host, and each metric
 * costs it only a copy of four bytes.
 */
export class MetricsRing {
  readonly #device: Device;
  readonly #names: readonly string[];
  readonly #rows: Tensor;
  /** The names that each row has a value for. */
  #present: string[][] = [];

  constructor(device: Device, names: readonly string[], capacity: number) {
    this.#device = device;
    this.#names = names;
    this.#rows = zeroTensor(device, [capacity, names.length]);
  }

  /** Encodes copies of these one-element tensors into the next row, which lacks the names without a tensor. */
  push(values: Readonly<Record<string, Tensor | undefined>>): void {
    const [capacity = 0] = this.#rows.shape;
    const row = this.#present.length;
    if (row === capacity) throw new Error(`MetricsRing: more than ${capacity} rows without a drain`);
    this.#names.forEach((name, i) => {
      const x = values[name];
      if (x)
        this.#device.recorder.copy(
          x.storage.buffer,
          x.offset,
          this.#rows.storage.buffer,
          (row * this.#names.length + i) * 4,
          4,
        );
    });
    this.#present.push(this.#names.filter((name) => values[name]));
  }

  /** The rows since the last drain, oldest first. Waits for the device. */
  async drain(): Promise<MetricsRow[]> {
    const present = this.#present;
    this.#present = [];
    if (present.length === 0) return [];
    const values = await read(this.#device, this.#rows);
    return present.map((names, row) =>
      Object.fromEntries(
        names.map((name) => [name, values[row * this.#names.length + this.#names.indexOf(name)] as number]),
      ),
    );
  }

  release(): void {
    release(this.#rows);
  }
}
