import { ShapeError, showShape, sizeOf, type Shape } from "./shape.ts";

export type DType = "f32" | "f16" | "i32" | "u32";
/** Floating-point types. f16 is for storage only; kernels compute in f32. */
export type FloatType = "f32" | "f16";
export type HostArray = Float32Array | Int32Array | Uint32Array;

/** What a storage asks of its device. */
export interface StorageOwner {
  free(buffer: GPUBuffer): void;
  read(x: Tensor): Promise<HostArray>;
}

/**
 * The reference-counted GPU buffer behind one or more tensors. At zero references the buffer goes back to the pool, at encode time
 * and deterministically, without waiting for the garbage collector.
 */
export class Storage {
  readonly #buffer: GPUBuffer;
  /** True if several tensors share the buffer side by side: each is then bound as its own slice. */
  readonly sliced: boolean;
  /** Bytes of the buffer. */
  readonly size: number;
  #references = 1;
  readonly owner: StorageOwner;

  constructor(buffer: GPUBuffer, owner: StorageOwner, sliced = false) {
    this.#buffer = buffer;
    this.owner = owner;
    this.sliced = sliced;
    this.size = buffer.size;
  }

  /** Throws after the last release, because the pool may have reused the buffer. */
  get buffer(): GPUBuffer {
    if (this.#references === 0) throw new Error("a tensor was used after its scope, its tape or release() freed it");
    return this.#buffer;
  }

  get shared(): boolean {
    return this.#references > 1;
  }

  retain(): void {
    if (this.#references === 0) throw new Error("a tensor was kept after its scope, its tape or release() freed it");
    this.#references++;
  }

  release(): void {
    if (this.#references === 0) throw new Error("a tensor was released twice");
    if (--this.#references === 0) this.owner.free(this.#buffer);
  }
}

/** A dense row-major array on a device. A small immutable handle: operations return new tensors. */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly storage: Storage;
  /** Byte offset of the first element in the storage's buffer; a multiple of 256. */
  readonly offset: number;
  /** True if gradients flow to this tensor. */
  readonly needsGrad: boolean;
  /** A leaf's gradient accumulator, which lives as long as the leaf; other gradients belong to the tape. */
  readonly grad: Tensor | undefined;
  /** A parameter's values rounded to f16, kept beside the f32 ones when training with f16 activations. */
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

  /** Reads back the number in a tensor of one element, such as a loss: `console.log(await loss.item())`. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ShapeError("item", "x", "a tensor of one element", showShape(this.shape));
    return (await this.storage.owner.read(this))[0] as number;
  }

  /** Bytes of its elements, rounded up to 4-byte words as bindings and copies require. */
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

/** Bytes of `size` elements, rounded up to 4-byte words. */
export const bytesOf = (size: number, dtype: DType): number => (dtype === "f16" ? Math.ceil(size / 2) : size) * 4;

/** Frees a tensor made by `tensor`, `leaf`, `emptyTensor` or `zeroTensor`, including a leaf's gradient. */
export function release(x: Tensor): void {
  x.storage.release();
  x.grad?.storage.release();
}

/**
 * A view with another shape that shares the storage; one size may be -1, for what is left. Not differentiable by itself: see
 * `reshape`.
 */
export function viewOf(x: Tensor, wanted: Shape, options: TensorOptions = {}): Tensor {
  const known = wanted.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const open = wanted.indexOf(-1);
  const shape = open >= 0 && known > 0 ? wanted.with(open, x.size / known) : wanted;
  if (shape.some((n) => !Number.isInteger(n) || n < 0) || sizeOf(shape) !== x.size)
    throw new ShapeError("reshape", "shape", `${x.size} elements, as in ${showShape(x.shape)}`, showShape(wanted));
  return new Tensor(shape, x.dtype, x.storage, { offset: x.offset, ...options });
}
