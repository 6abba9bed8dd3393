import { BufferUsage, COMPUTE_STAGE } from "./gpu_flags.ts";

/** Stride between slots; WebGPU's `minUniformBufferOffsetAlignment` is at most this. */
const SLOT_BYTES = 256;
/** Bytes of a slot that a shader sees, as many as immediates have. */
const BOUND_BYTES = 64;

/**
 * If WGSL has no immediates, dispatches read their sizes from slots of one uniform buffer: `var<immediate>` becomes a binding in
 * group 1 with a dynamic offset. The buffer is written once per submission, just before it; the queue keeps the two in order.
 */
export class SizeSlots {
  readonly layout: GPUBindGroupLayout;
  readonly #group: GPUBindGroup;
  readonly #queue: GPUQueue;
  readonly #buffer: GPUBuffer;
  readonly #host: Uint8Array<ArrayBuffer>;
  #used = 0;

  /** @param slots maximum dispatches per submission */
  constructor(gpu: GPUDevice, slots: number) {
    this.#queue = gpu.queue;
    this.#host = new Uint8Array(slots * SLOT_BYTES);
    this.#buffer = gpu.createBuffer({ size: this.#host.length, usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST });
    this.layout = gpu.createBindGroupLayout({
      entries: [{ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: "uniform", hasDynamicOffset: true } }],
    });
    this.#group = gpu.createBindGroup({
      layout: this.layout,
      entries: [{ binding: 0, resource: { buffer: this.#buffer, size: BOUND_BYTES } }],
    });
  }

  /** Binds the sizes of the next dispatch. */
  bind(pass: GPUComputePassEncoder, sizes: ArrayBuffer): void {
    const offset = SLOT_BYTES * this.#used++;
    this.#host.set(new Uint8Array(sizes), offset);
    pass.setBindGroup(1, this.#group, [offset]);
  }

  /** Writes the used slots to the device. Call right before the submission that reads them. */
  write(): void {
    if (this.#used > 0) this.#queue.writeBuffer(this.#buffer, 0, this.#host, 0, this.#used * SLOT_BYTES);
    this.#used = 0;
  }
}
