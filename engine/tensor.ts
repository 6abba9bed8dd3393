import type { Device } from "./device.ts";
import { BufferUsage, MapMode } from "./gpu_flags.ts";
import { halfToNumber, numberToHalf } from "./half.ts";
import { ShapeError, showShape, sizeOf, type Shape } from "./shape.ts";
import { waitFor } from "./host/node.ts";

export type DType = "f32" | "f16" | "i32" | "u32";
/** Floating-point types: f16 for storage only, since kernels compute in f32. */
export type FloatType = "f32" | "f16";
export type HostArray = Float32Array | Int32Array | Uint32Array;

/**
 * The GPU buffer behind one or more tensors, with a count of who still needs it. At zero the buffer goes back to the
 * pool, at encode time and deterministically: nothing waits for the garbage collector.
 */
export class Storage {
  readonly #buffer: GPUBuffer;
  /** True when several tensors live side by side in the buffer: each is then bound as its own slice. */
  readonly sliced: boolean;
  /** Bytes of the buffer. */
  readonly size: number;
  #holders = 1;
  readonly #free: (buffer: GPUBuffer) => void;

  constructor(buffer: GPUBuffer, free: (buffer: GPUBuffer) => void, sliced = false) {
    this.#buffer = buffer;
    this.#free = free;
    this.sliced = sliced;
    this.size = buffer.size;
  }

  /** Throws once nobody holds it: the buffer may then already have other contents. */
  get buffer(): GPUBuffer {
    if (this.#holders === 0)
      throw new Error("a tensor was used after its scope, its tape or release() had given it back");
    return this.#buffer;
  }

  get shared(): boolean {
    return this.#holders > 1;
  }

  retain(): void {
    if (this.#holders === 0)
      throw new Error("a tensor was kept after its scope, its tape or release() had given it back");
    this.#holders++;
  }

  release(): void {
    if (this.#holders === 0) throw new Error("a tensor was released twice");
    if (--this.#holders === 0) this.#free(this.#buffer);
  }
}

/** A dense row-major array on a device. Small and immutable: operations make new ones. */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly storage: Storage;
  /** Byte offset of the first element in the storage's buffer; a multiple of 256. */
  readonly offset: number;
  /** True when gradients flow to this tensor. */
  readonly needsGrad: boolean;
  /** A leaf's gradient lives as long as the leaf and is accumulated into; other gradients belong to the tape. */
  readonly grad: Tensor | undefined;
  /** A parameter's values rounded to f16, kept beside the f32 ones where a model trains with f16 activations. */
  readonly half: Tensor | undefined;

  constructor(shape: Shape, dtype: DType, storage: Storage, options: TensorOptions = {}) {
    this.shape = shape;
    this.dtype = dtype;
    this.storage = storage;
    this.offset = options.offset ?? 0;
    this.needsGrad = options.needsGrad ?? options.grad !== undefined;
    this.grad = options.grad;
    this.half = options.half;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes that its elements take, in whole 4-byte words, as bindings and copies must be. */
  get bytes(): number {
    return bytesOf(this.size, this.dtype);
  }
}

export interface TensorOptions {
  offset?: number;
  needsGrad?: boolean;
  grad?: Tensor | undefined;
  half?: Tensor | undefined;
}

const bytesOf = (size: number, dtype: DType): number => (dtype === "f16" ? Math.ceil(size / 2) : size) * 4;

/**
 * Copies host data to a new tensor, which the caller owns: `release(x)` when done.
 * The dtype follows the array: Float32Array f32, Int32Array i32, Uint32Array u32; a plain array becomes f32.
 */
export function tensor(device: Device, data: HostArray | readonly number[], shape: Shape): Tensor {
  const array =
    data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint32Array
      ? data
      : Float32Array.from(data);
  if (array.length !== sizeOf(shape))
    throw new ShapeError(
      "tensor",
      "data",
      `${sizeOf(shape)} elements for shape ${showShape(shape)}`,
      `${array.length}`,
    );
  const result = emptyTensor(device, shape, dtypeOf(array));
  device.recorder.upload(array, result.storage.buffer, 0);
  return result;
}

/** Copies host data, rounded to the nearest f16, to a new tensor that the caller owns. */
export function halfTensor(device: Device, data: ArrayLike<number>, shape: Shape, options: TensorOptions = {}): Tensor {
  if (data.length !== sizeOf(shape))
    throw new ShapeError(
      "halfTensor",
      "data",
      `${sizeOf(shape)} elements for shape ${showShape(shape)}`,
      `${data.length}`,
    );
  const result = emptyTensor(device, shape, "f16", options);
  device.recorder.upload(Uint16Array.from(data, numberToHalf), result.storage.buffer, 0);
  return result;
}

/**
 * A leaf that gradients are added to: host data plus a gradient of the same shape, zero at first, in `leaf.grad`.
 * For whole models use `Parameters`, which lays all of them out in flat buffers.
 */
export function leaf(device: Device, data: Float32Array | readonly number[], shape: Shape): Tensor {
  const values = tensor(device, data, shape);
  return new Tensor(shape, "f32", values.storage, { grad: zeroTensor(device, shape) });
}

/** A new tensor with undefined contents, owned by the caller. Inside a step use `tape.empty`, which frees by itself. */
export function emptyTensor(device: Device, shape: Shape, dtype: DType = "f32", options: TensorOptions = {}): Tensor {
  const pool = device.pool;
  const storage = new Storage(pool.acquire(Math.max(4, bytesOf(sizeOf(shape), dtype))), (buffer) =>
    pool.release(buffer),
  );
  return new Tensor(shape, dtype, storage, options);
}

export function zeroTensor(device: Device, shape: Shape, dtype: DType = "f32"): Tensor {
  const result = emptyTensor(device, shape, dtype);
  device.recorder.clear(result.storage.buffer, 0, Math.max(4, result.bytes));
  return result;
}

/** Gives back a tensor that `tensor`, `leaf`, `emptyTensor` or `zeroTensor` made, a leaf's gradient included. */
export function release(x: Tensor): void {
  x.storage.release();
  x.grad?.storage.release();
}

/** Another shape of the same elements, sharing the storage. Not differentiable by itself: see `reshape`. */
export function viewOf(x: Tensor, shape: Shape, options: TensorOptions = {}): Tensor {
  if (sizeOf(shape) !== x.size)
    throw new ShapeError("reshape", "shape", `${x.size} elements, as in ${showShape(x.shape)}`, showShape(shape));
  return new Tensor(shape, x.dtype, x.storage, { offset: x.offset, ...options });
}

/** The contents of a tensor, f16 as f32, once the device has computed them. Submits what is encoded so far. */
export function read(device: Device, x: Tensor): Promise<HostArray> {
  const promise = readLater(device, x);
  device.recorder.flush();
  return promise;
}

/** As `read`, but leaves the submission to come by itself, so that a training step never waits. */
export async function readLater(device: Device, x: Tensor): Promise<HostArray> {
  const size = Math.max(4, x.bytes);
  const staging = device.gpu.createBuffer({ size, usage: BufferUsage.COPY_DST | BufferUsage.MAP_READ });
  device.recorder.copy(x.storage.buffer, x.offset, staging, 0, size);
  await new Promise<void>((resolve) => device.recorder.afterSubmit(resolve));
  try {
    await waitFor(staging.mapAsync(MapMode.READ));
  } catch (error) {
    await device.throwIfBroken();
    throw error;
  }
  const bytes = staging.getMappedRange().slice(0, x.bytes);
  staging.destroy();
  await device.throwIfBroken();
  if (x.dtype === "f16") return Float32Array.from(new Uint16Array(bytes).subarray(0, x.size), halfToNumber);
  return x.dtype === "f32"
    ? new Float32Array(bytes)
    : x.dtype === "i32"
      ? new Int32Array(bytes)
      : new Uint32Array(bytes);
}

const dtypeOf = (array: HostArray): DType =>
  array instanceof Float32Array ? "f32" : array instanceof Int32Array ? "i32" : "u32";
