import { BufferUsage } from "./gpu_flags.ts";
import type { Profiler } from "./profiler.ts";
import { SizeSlots } from "./size_slots.ts";

/** Dispatches per submission: few enough for the GPU to start early, enough to make the cost of a submission negligible. */
const DISPATCHES_PER_SUBMIT = 128;

/**
 * Multiply-adds per submission: a third of a second on a small GPU at 10¹¹ per second. Operating systems reset a device that is busy
 * with one submission for about 2 s (Windows) to 10 s. A single dispatch may exceed this, as it cannot be split.
 */
const WORK_PER_SUBMIT = 2 ** 35;

/** Maximum bytes in staging buffers per submission; a model's weights are many times that. */
const STAGED_BYTES_PER_SUBMIT = 64 * 2 ** 20;

/**
 * Keeps one command encoder and one compute pass open. Dispatches and copies are encoded in program order and submitted in batches,
 * without ever waiting for the device.
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
  /** Set while profiling: every dispatch then gets a pass of its own, between two timestamps. */
  profiler: Profiler | undefined;
  /** The part of the model being encoded, for profiles. Set by the tape. */
  scope = "";

  /** Passes sizes to dispatches if WGSL has no immediates. */
  readonly sizeSlots: SizeSlots | undefined;

  constructor(gpu: GPUDevice, { immediates = true }: { readonly immediates?: boolean } = {}) {
    this.#gpu = gpu;
    this.sizeSlots = immediates ? undefined : new SizeSlots(gpu, DISPATCHES_PER_SUBMIT);
  }

  /** Encodes a dispatch of `work` multiply-adds, submitting earlier commands first if the submission would become too long. */
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

  /** Encodes a buffer-to-buffer copy, in order with the surrounding dispatches. */
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

  /** Encodes an in-order write of host data to a buffer, through a staging buffer that lives until the submission. */
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

  /** Calls back right after the next submission, the earliest moment at which a buffer may be destroyed or mapped. */
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
