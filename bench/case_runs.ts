import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { release, type Tensor } from "../engine/tensor.ts";
import { tensor } from "../engine/transfer.ts";
import type { KernelCase } from "../kernels/case.ts";
import { cotangent, differentiated, hostInputs, placeInputs, releaseInputs } from "../kernels/case_data.ts";

/** Larger than most last-level caches: a GPU's (an H100 has 50 MiB), and one's share of a CPU's. */
const BEYOND_CACHE = { gpu: 256 * 2 ** 20, software: 32 * 2 ** 20 } as const;
/** A case so small that this many copies fit into a cache, such as a test's, is timed within it. */
const MOST_COPIES = 128;

/**
 * Runs of a case that cycle through several copies of its inputs and output buffers, so that no run finds its data left
 * in a cache by the one before.
 */
export class CaseRuns {
  readonly #device: Device;
  readonly #case: KernelCase;
  readonly #inputs: Record<string, Tensor>[];
  readonly #data: ReturnType<typeof hostInputs>;
  /** Tapes of the latest runs, whose buffers must not be reused yet. */
  readonly #open: Tape[] = [];
  #next = 0;
  #dy: Tensor | undefined;

  constructor(device: Device, kernelCase: KernelCase) {
    this.#device = device;
    this.#case = kernelCase;
    this.#data = hostInputs(kernelCase);
    this.#inputs = [placeInputs(device, kernelCase, this.#data)];
  }

  /** Number of copies of the inputs that take turns. */
  get copies(): number {
    return this.#inputs.length;
  }

  get differentiates(): boolean {
    return differentiated(this.#case).length > 0;
  }

  /** The first copy. */
  get inputs(): Readonly<Record<string, Tensor>> {
    return this.#inputs[0]!;
  }

  /** Makes as many copies as together exceed the cache, counting what a forward pass allocates. */
  multiply(): void {
    const { pool } = this.#device;
    this.#closeTapes();
    const before = pool.statistics.liveBytes;
    this.forward();
    const made = pool.statistics.liveBytes - before; // its tape is still open
    const placed = Object.values(this.inputs).reduce((sum, { bytes }) => sum + bytes, 0);
    const copies = copiesBeyondCache(placed + made, this.#device.isSoftware);
    while (this.#inputs.length < copies) this.#inputs.push(placeInputs(this.#device, this.#case, this.#data));
  }

  /** Encodes a forward pass, as in evaluation. */
  forward(): void {
    this.#onTape(false, (tape, inputs) => this.#case.run(tape, inputs));
  }

  /** Encodes a forward and a backward pass, as in training; gradients accumulate. Call `prepareBackward` first. */
  forwardBackward(): void {
    this.#onTape(true, (tape, inputs) => tape.backward(this.#case.run(tape, inputs), this.#dy));
  }

  /** Uploads a gradient of the output, so that runs need not. */
  prepareBackward(): void {
    let shape: readonly number[] = [];
    this.#onTape(false, (tape, inputs) => void ({ shape } = this.#case.run(tape, inputs)));
    this.#dy ??= tensor(this.#device, Float32Array.from(cotangent(shape).data), shape);
  }

  release(): void {
    this.#closeTapes();
    if (this.#dy) release(this.#dy);
    for (const inputs of this.#inputs) releaseInputs(inputs);
  }

  #closeTapes(): void {
    for (const tape of this.#open.splice(0)) tape.end();
  }

  #onTape(grad: boolean, body: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => void): void {
    if (this.#open.length >= this.copies) this.#open.shift()!.end();
    const tape = new Tape(this.#device, { grad, training: true });
    this.#open.push(tape);
    body(tape, this.#inputs[this.#next++ % this.copies]!);
  }
}

/** Number of copies of a working set of `bytes` that together exceed the cache; one if it does so alone. */
export function copiesBeyondCache(bytes: number, software: boolean): number {
  const cache = software ? BEYOND_CACHE.software : BEYOND_CACHE.gpu;
  return bytes >= cache ? 1 : Math.min(MOST_COPIES, Math.ceil(cache / bytes) + 1);
}
