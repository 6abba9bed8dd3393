import type { Device } from "../../engine/device.ts";
import { BufferUsage, MapMode } from "../../engine/gpu_flags.ts";
import { waitFor } from "../../engine/host/node.ts";
import type { Parameters } from "../../engine/parameters.ts";
import { Storage, Tensor } from "../../engine/tensor.ts";
import { ownerOf } from "../../engine/transfer.ts";
import type { Communicator } from "./communicator.ts";
import { HalfSum } from "./half_sum.ts";

/** A tensor of few values that is averaged over the ranks, such as a running mean. */
type Averaged = Pick<Tensor, "storage" | "offset" | "size">;

/** One number of one batch, on this rank. */
interface Scalar {
  /** Its index among the numbers. */
  readonly index: number;
  readonly weight: number;
}

export interface ExchangeOptions {
  /** Numbers on the device, such as losses, that are averaged over the ranks by weights. */
  readonly scalars: number;
  /** Numbers on the host that are added up. */
  readonly counts: number;
  /** Buffers whose values become the mean of all ranks'. */
  readonly averaged: readonly Averaged[];
  /** What gradients are on the wire; all else is f32. */
  readonly wire: "f32" | "f16";
}

/** What the ranks found together in a step. */
export interface Exchanged {
  /** The weights of each number in all: 0 where no rank had it. */
  readonly weights: Float32Array;
  readonly counts: Float32Array;
  /** Milliseconds that this rank waited for the slowest one, and that the exchange itself took. */
  readonly waited: number;
  readonly took: number;
}

/**
 * Adds up all ranks' gradients, and with them losses and counts, in one all-reduce a step, or gradients as halves and the rest in an
 * all-reduce: from a buffer mapped for reading through the host into one mapped for writing. Both live as long as this object, so a step leaves nothing for the garbage collector.
 *
 * The values, in this order: gradients, averaged buffers, numbers, their weights, counts.
 */
export class GradientExchange {
  readonly #device: Device;
  readonly #ranks: Communicator;
  readonly #gradients: Tensor;
  readonly #options: ExchangeOptions;
  /** Indices of the first value of each kind; the last is the number of values. */
  readonly #at: {
    readonly averaged: number;
    readonly scalars: number;
    readonly weights: number;
    readonly counts: number;
    readonly end: number;
  };
  readonly #read: GPUBuffer;
  readonly #write: GPUBuffer;
  /** The averaged numbers, on the device. */
  readonly #results: Storage;
  readonly #halves: HalfSum | undefined;
  #given: Scalar[] = [];
  #isMapped = true;

  constructor(device: Device, parameters: Parameters, ranks: Communicator, options: ExchangeOptions) {
    this.#device = device;
    this.#ranks = ranks;
    this.#gradients = parameters.whole("grads");
    this.#options = options;
    const averaged = this.#gradients.size;
    const scalars = averaged + options.averaged.reduce((sum, { size }) => sum + size, 0);
    const weights = scalars + options.scalars;
    const counts = weights + options.scalars;
    this.#at = { averaged, scalars, weights, counts, end: counts + options.counts };
    this.#halves = options.wire === "f16" ? new HalfSum(ranks, averaged) : undefined;
    const size = 4 * this.#at.end;
    this.#read = device.gpu.createBuffer({ size, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
    this.#write = device.gpu.createBuffer({
      size,
      usage: BufferUsage.MAP_WRITE | BufferUsage.COPY_SRC,
      mappedAtCreation: true,
    });
    this.#results = new Storage(
      device.pool.acquire(4 * Math.max(1, options.scalars), { exact: true }),
      ownerOf(device),
      true,
    );
  }

  /** Encodes keeping a number of this step, to be averaged with this weight. */
  put(index: number, value: Tensor, weight: number): void {
    this.#device.recorder.copy(value.storage.buffer, value.offset, this.#read, 4 * (this.#at.scalars + index), 4);
    this.#given.push({ index, weight });
  }

  /** The average of a number, `[]`, a view to copy from: no kernel can bind it. */
  result(index: number): Tensor {
    return new Tensor([], "f32", this.#results, { offset: 4 * index });
  }

  /** Waits for this step's gradients, adds up all ranks', and encodes putting them in their place. */
  async exchange(counts: readonly number[]): Promise<Exchanged> {
    const { recorder } = this.#device;
    const at = this.#at;
    recorder.copy(this.#gradients.storage.buffer, this.#gradients.offset, this.#read, 0, 4 * at.averaged);
    this.#eachAveraged(({ storage, offset, size }, from) =>
      recorder.copy(storage.buffer, offset, this.#read, 4 * from, 4 * size),
    );
    recorder.flush();
    await this.#mapped();
    const values = new Float32Array(this.#write.getMappedRange());
    values.set(new Float32Array(this.#read.getMappedRange()));
    this.#read.unmap();
    this.#weigh(values, counts);

    const ready = performance.now();
    await this.#ranks.barrier();
    const together = performance.now();
    await this.#halves?.add(values.subarray(0, at.averaged));
    await this.#ranks.allReduce(this.#halves ? values.subarray(at.averaged) : values);
    const added = performance.now();

    for (let i = at.averaged; i < at.scalars; i++) values[i] = (values[i] as number) / this.#ranks.size;
    const result = {
      weights: values.slice(at.weights, at.counts),
      counts: values.slice(at.counts, at.end),
      waited: together - ready,
      took: added - together,
    };
    this.#write.unmap();
    this.#isMapped = false;
    recorder.copy(this.#write, 0, this.#gradients.storage.buffer, this.#gradients.offset, 4 * at.averaged);
    this.#eachAveraged(({ storage, offset, size }, from) =>
      recorder.copy(this.#write, 4 * from, storage.buffer, offset, 4 * size),
    );
    if (this.#options.scalars > 0)
      recorder.copy(this.#write, 4 * at.scalars, this.#results.buffer, 0, 4 * this.#options.scalars);
    return result;
  }

  /** Multiplies the numbers by their weights, which add up to 1 over the ranks; numbers that this rank lacks are 0. */
  #weigh(values: Float32Array, counts: readonly number[]): void {
    const at = this.#at;
    values.fill(0, at.weights, at.counts);
    const numbers = values.slice(at.scalars, at.weights);
    values.fill(0, at.scalars, at.weights);
    for (const { index, weight } of this.#given) {
      values[at.scalars + index] = weight * (numbers[index] as number);
      values[at.weights + index] = weight;
    }
    this.#given = [];
    values.set(counts, at.counts);
  }

  async #mapped(): Promise<void> {
    try {
      await waitFor(this.#read.mapAsync(MapMode.READ));
      if (!this.#isMapped) await waitFor(this.#write.mapAsync(MapMode.WRITE));
      this.#isMapped = true;
    } catch (error) {
      await this.#device.throwIfBroken();
      throw error;
    }
    await this.#device.throwIfBroken();
  }

  #eachAveraged(body: (tensor: Averaged, from: number) => void): void {
    let from = this.#at.averaged;
    for (const tensor of this.#options.averaged) {
      body(tensor, from);
      from += tensor.size;
    }
  }

  release(): void {
    this.#read.destroy();
    this.#write.destroy();
    this.#results.release();
  }
}
