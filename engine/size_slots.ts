import { BufferUsage, COMPUTE_STAGE } from "./gpu_flags.ts";

/** Bytes between two slots: WebGPU's `minUniformBufferOffsetAlignment` is at most this. */
const SLOT_BYTES = 256;
/** Bytes of a slot that a shader sees: as many as immediates have. */
const SEEN_BYTES = 64;

/**
 * Where WGSL has no immediates, a dispatch reads its sizes from a slot of one uniform buffer: `var<immediate>` becomes a binding of
 * group 1 with a dynamic offset. The buffer is written once a submission, just before it: the queue keeps both in order.
 */
export class SizeSlots {
  readonly layout: GPUBindGroupLayout;
  readonly #group: GPUBindGroup;
  readonly #queue: GPUQueue;
  readonly #buffer: GPUBuffer;
  readonly #host: Uint8Array<ArrayBuffer>;
  #used = 0;

  /** @param slots dispatches of a submission, at most */
  constructor(gpu: GPUDevice, slots: number) {
    this.#queue = gpu.queue;
    this.#host = new Uint8Array(slots * SLOT_BYTES);
    this.#buffer = gpu.createBuffer({ size: this.#host.length, usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST });
    this.layout = gpu.createBindGroupLayout({
      entries: [{ binding: 0, visibility: COMPUTE_STAGE, buffer: { type: "uniform", hasDynamicOffset: true } }],
    });
    this.#group = gpu.createBindGroup({
      layout: this.layout,
      entries: [{ binding: 0, resource: { buffer: this.#buffer, size: SEEN_BYTES } }],
    });
  }

  /** Binds the sizes of the dispatch that comes next. */
  bind(pass: GPUComputePassEncoder, sizes: ArrayBuffer): void {
    const offset = SLOT_BYTES * this.#used++;
    this.#host.set(new Uint8Array(sizes), offset);
    pass.setBindGroup(1, this.#group, [offset]);
  }

  /** Writes the slots in use to the device: call right before the submission that reads them. */
  write(): void {
    if (this.#used > 0) this.#queue.writeBuffer(this.#buffer, 0, this.#host, 0, this.#used * SLOT_BYTES);
    this.#used = 0;
  }
}
