import { ShapeError, showShape, sizeOf, type Shape } from "./shape.ts";

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

/** Bytes of so many elements, in whole 4-byte words. */
export const bytesOf = (size: number, dtype: DType): number => (dtype === "f16" ? Math.ceil(size / 2) : size) * 4;

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
