import { describe, expect, it } from "vitest";
import { ShapeError } from "../../engine/shape.ts";
import { release, viewOf } from "../../engine/tensor.ts";
import { emptyTensor, leaf, read, tensor, zeroTensor } from "../../engine/transfer.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

describe("tensors", () => {
  it.each([
    ["f32", Float32Array.of(1.5, -2, 3e38)],
    ["i32", Int32Array.of(-1, 0, 2 ** 31 - 1)],
    ["u32", Uint32Array.of(1, 0, 2 ** 32 - 1)],
  ])("bring %s to the device and back", async (dtype, data) => {
    const x = tensor(device(), data, [3, 1]);
    expect(x.dtype).toBe(dtype);
    expect(await read(device(), x)).toEqual(data);
  });

  it("take a plain array as f32, a scalar, and nothing at all", async () => {
    expect(await read(device(), tensor(device(), [1, 2], [2]))).toEqual(Float32Array.of(1, 2));
    expect(await read(device(), tensor(device(), [3], []))).toEqual(Float32Array.of(3));
    expect(await read(device(), emptyTensor(device(), [0, 5], "i32"))).toEqual(new Int32Array());
  });

  it("give the number in one element, of any type", async () => {
    expect(await tensor(device(), [2.5], []).item()).toBe(2.5);
    expect(await tensor(device(), Int32Array.of(-7), [1, 1]).item()).toBe(-7);
    await expect(tensor(device(), [1, 2], [2]).item()).rejects.toThrow(
      "item: x: expected a tensor of one element, got [2]",
    );
  });

  it("take -1 in a shape for what is left, once, if it divides", () => {
    const x = tensor(device(), [1, 2, 3, 4, 5, 6], [2, 3]);
    expect(viewOf(x, [-1]).shape).toEqual([6]);
    expect(viewOf(x, [3, -1, 1]).shape).toEqual([3, 2, 1]);
    expect(viewOf(emptyTensor(device(), [0, 3]), [-1, 3]).shape).toEqual([0, 3]);
    for (const shape of [
      [4, -1],
      [-1, -1],
      [0, -1],
      [-2, -3],
    ])
      expect(() => viewOf(x, shape)).toThrow(
        `reshape: shape: expected 6 elements, as in [2, 3], got [${shape.join(", ")}]`,
      );
  });

  it("refuse data of another size", () => {
    expect(() => tensor(device(), [1, 2, 3], [2, 2])).toThrow(ShapeError);
    expect(() => tensor(device(), [1, 2, 3], [2, 2])).toThrow(
      "tensor: data: expected 4 elements for shape [2, 2], got 3",
    );
  });

  it("are zero where that was asked for, also in a buffer that was used before", async () => {
    release(tensor(device(), [1, 2, 3], [3]));
    expect(await read(device(), zeroTensor(device(), [3]))).toEqual(new Float32Array(3));
  });

  it("have views of other shapes, of as many elements", async () => {
    const x = tensor(device(), [1, 2, 3, 4, 5, 6], [2, 3]);
    const y = viewOf(x, [3, 2]);
    expect([y.shape, y.storage === x.storage]).toEqual([[3, 2], true]);
    expect(() => viewOf(x, [4])).toThrow("reshape: shape: expected 6 elements, as in [2, 3], got [4]");
  });

  it("go back to the pool when released, a leaf with its gradient", () => {
    const { liveBytes } = device().pool.statistics;
    const x = leaf(device(), [1, 2], [2]);
    expect(device().pool.statistics.liveBytes).toBe(liveBytes + 512);
    release(x);
    expect(device().pool.statistics.liveBytes).toBe(liveBytes);
  });

  it("cannot be used or released after that", () => {
    const x = tensor(device(), [1], [1]);
    release(x);
    expect(() => release(x)).toThrow("a tensor was released twice");
    expect(() => x.storage.retain()).toThrow("a tensor was kept after");
    return expect(read(device(), x)).rejects.toThrow(
      "a tensor was used after its scope, its tape or release() freed it",
    );
  });
});

describe("leaves", () => {
  it("need gradients and start with a gradient of zero", async () => {
    const x = leaf(device(), [1, 2], [2]);
    expect([x.needsGrad, tensor(device(), [1], [1]).needsGrad]).toEqual([true, false]);
    expect(await read(device(), x.grad!)).toEqual(new Float32Array(2));
  });
});
