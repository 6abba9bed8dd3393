import type { Device } from "./device.ts";
import { BufferUsage, MapMode } from "./gpu_flags.ts";
import { halfToNumber, numberToHalf } from "./half.ts";
import { waitFor } from "./host/node.ts";
import { ShapeError, showShape, sizeOf, type Shape } from "./shape.ts";
import {
  bytesOf,
  Storage,
  Tensor,
  type DType,
  type HostArray,
  type StorageOwner,
  type TensorOptions,
} from "./tensor.ts";

/**
 * Copies host data to a new tensor owned by the caller: `release(x)` when done. The dtype follows the array: Float32Array f32,
 * Int32Array i32, Uint32Array u32; a plain array becomes f32.
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

/** Copies host data, rounded to the nearest f16, to a new tensor owned by the caller. */
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
 * A leaf that accumulates gradients: host data plus `leaf.grad`, a zero-initialised gradient of the same shape. For whole models use
 * `Parameters`, which lays them out in flat buffers.
 */
export function leaf(device: Device, data: Float32Array | readonly number[], shape: Shape): Tensor {
  const values = tensor(device, data, shape);
  return new Tensor(shape, "f32", values.storage, { grad: zeroTensor(device, shape) });
}

/** A new tensor with undefined contents, owned by the caller. Inside a step use `tape.empty`, which the tape frees. */
export function emptyTensor(device: Device, shape: Shape, dtype: DType = "f32", options: TensorOptions = {}): Tensor {
  const storage = new Storage(device.pool.acquire(Math.max(4, bytesOf(sizeOf(shape), dtype))), ownerOf(device));
  return new Tensor(shape, dtype, storage, options);
}

/** The pool that a device's buffers go back to, and the device's way to read them. */
export const ownerOf = (device: Device): StorageOwner => ({
  free: (buffer) => device.pool.release(buffer),
  read: (x) => read(device, x),
});

export function zeroTensor(device: Device, shape: Shape, dtype: DType = "f32"): Tensor {
  const result = emptyTensor(device, shape, dtype);
  device.recorder.clear(result.storage.buffer, 0, Math.max(4, result.bytes));
  return result;
}

/** Reads back a tensor, f16 as f32. Submits everything encoded so far. */
export function read(device: Device, x: Tensor): Promise<HostArray> {
  const promise = readLater(device, x);
  device.recorder.flush();
  return promise;
}

/** Like `read`, but waits for the next regular submission instead of forcing one, so that a training step never stalls. */
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
