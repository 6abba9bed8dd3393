import { BufferUsage } from "./gpu_flags.ts";
import type { Profiler } from "./profiler.ts";
import { SizeSlots } from "./size_slots.ts";

/** Dispatches per submission: few enough that a GPU starts early, many enough that a submission costs nothing. */
const DISPATCHES_PER_SUBMIT = 128;

/**
 * Multiply-adds per submission, a third of a second on a small GPU that does 10¹¹ in a second: systems end a device that is busy with one
 * submission for some 2 s (Windows) to 10 s. A single dispatch may be longer, which no submission can cut.
 */
const WORK_PER_SUBMIT = 2 ** 35;

/** Most bytes that wait in staging buffers for a submission: a model's weights are many times that. */
const STAGED_BYTES_PER_SUBMIT = 64 * 2 ** 20;

/**
 * One open command encoder with one open compute pass. Dispatches and copies are encoded in program order and
 * submitted together; nothing here ever waits for the device.
 */
export class Recorder {
  readonly #gpu: GPUDevice;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined;
  #pending = 0;
  #pendingWork = 0;
  #stagedBytes = 0;
  #afterSubmit: (() => void)[] = [];
  /** Totals since the device was opened. */
  dispatches = 0;
  passes = 0;
  submits = 0;
  /** Set in profile mode: every dispatch then gets a pass of its own, between two timestamps. */
  profiler: Profiler | undefined;
  /** The part of the model that is being encoded, as a profile shows it. Set by the tape. */
  scope = "";

  /** Where WGSL has no immediates: what carries a dispatch's sizes instead. */
  readonly sizeSlots: SizeSlots | undefined;

  constructor(gpu: GPUDevice, { immediates = true }: { readonly immediates?: boolean } = {}) {
    this.#gpu = gpu;
    this.sizeSlots = immediates ? undefined : new SizeSlots(gpu, DISPATCHES_PER_SUBMIT);
  }

  /** Encodes a dispatch of so many multiply-adds; before one that would make the submission too long, what came before is submitted. */
  dispatch(
    label: string,
    pipeline: GPUComputePipeline,
    bindings: GPUBindGroup,
    immediates: ArrayBuffer | undefined,
    workgroups: readonly [number, number, number],
    work = 0,
  ): void {
    if (this.#pendingWork > 0 && this.#pendingWork + work > WORK_PER_SUBMIT) this.flush();
    this.#pendingWork += work;
    const timing = this.profiler?.begin(label, this.scope);
    if (timing) this.#endPass();
    const pass = this.#openPass(timing);
    if (pipeline !== this.#pipeline) {
      pass.setPipeline(pipeline);
      this.#pipeline = pipeline;
    }
    pass.setBindGroup(0, bindings);
    if (immediates) {
      if (this.sizeSlots) this.sizeSlots.bind(pass, immediates);
      else pass.setImmediates(0, immediates);
    }
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    this.dispatches++;
    if (timing) this.#endPass();
    if (++this.#pending >= DISPATCHES_PER_SUBMIT) this.flush();
  }

  /** Encodes a copy between two buffers, in order with the dispatches around it. */
  copy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, targetOffset: number, bytes: number): void {
    this.#endPass();
    this.#openEncoder().copyBufferToBuffer(source, sourceOffset, target, targetOffset, bytes);
    this.#pending++;
  }

  /** Encodes zeroing a range of a buffer. */
  clear(buffer: GPUBuffer, offset: number, bytes: number): void {
    this.#endPass();
    this.#openEncoder().clearBuffer(buffer, offset, bytes);
    this.#pending++;
  }

  /** Encodes writing host data into a buffer, in order: through a staging buffer that lives until the submission. */
  upload(data: ArrayBufferView, target: GPUBuffer, targetOffset: number): void {
    if (data.byteLength === 0) return;
    const size = Math.ceil(data.byteLength / 4) * 4;
    const staging = this.#gpu.createBuffer({ size, usage: BufferUsage.COPY_SRC, mappedAtCreation: true });
    new Uint8Array(staging.getMappedRange()).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    staging.unmap();
    this.copy(staging, 0, target, targetOffset, size);
    this.afterSubmit(() => staging.destroy());
    this.#stagedBytes += size;
    if (this.#stagedBytes >= STAGED_BYTES_PER_SUBMIT) this.flush();
  }

  /** Calls back right after the next submission: the earliest moment at which a buffer may be destroyed or mapped. */
  afterSubmit(callback: () => void): void {
    this.#afterSubmit.push(callback);
  }

  /** Submits everything encoded so far. */
  flush(): void {
    this.#endPass();
    if (this.#encoder) {
      this.profiler?.resolve(this.#encoder);
      this.sizeSlots?.write();
      this.#gpu.queue.submit([this.#encoder.finish()]);
      this.#encoder = undefined;
      this.submits++;
    }
    this.#pending = 0;
    this.#pendingWork = 0;
    this.#stagedBytes = 0;
    const callbacks = this.#afterSubmit;
    this.#afterSubmit = [];
    for (const callback of callbacks) callback();
  }

  #openEncoder(): GPUCommandEncoder {
    return (this.#encoder ??= this.#gpu.createCommandEncoder());
  }

  #openPass(timestampWrites: GPUComputePassTimestampWrites | undefined): GPUComputePassEncoder {
    if (this.#pass) return this.#pass;
    this.passes++;
    return (this.#pass = this.#openEncoder().beginComputePass(timestampWrites && { timestampWrites }));
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
  }
}
