import { describe, expect, it } from "vitest";
import { RunError } from "../../engine/errors.ts";
import { BufferPool, sizeClass } from "../../engine/pool.ts";

/** Just what a pool asks of a device. */
function fakeGpu(maxBufferSize = 2 ** 32 - 1): { gpu: GPUDevice; destroyed: number[] } {
  const destroyed: number[] = [];
  const createBuffer = ({ size }: GPUBufferDescriptor) => ({ size, destroy: () => destroyed.push(size) });
  return { gpu: { limits: { maxBufferSize }, createBuffer } as unknown as GPUDevice, destroyed };
}

describe("size classes", () => {
  it("hold what was asked for and waste at most a quarter", () => {
    for (let bytes = 256; bytes < 20_000; bytes++) {
      const size = sizeClass(bytes);
      expect(size >= bytes && size <= 1.25 * bytes && size % 4 === 0, String(bytes)).toBe(true);
    }
  });

  it("are four to a power of two, from 256 bytes on", () => {
    expect([1, 4, 256, 257, 321, 385, 449, 513].map(sizeClass)).toEqual([256, 256, 256, 320, 384, 448, 512, 640]);
    expect(sizeClass(2 ** 31 + 1)).toBe(1.25 * 2 ** 31);
  });
});

describe("BufferPool", () => {
  it("gives a returned buffer out again, to any size of its class", () => {
    const pool = new BufferPool(fakeGpu().gpu);
    const first = pool.acquire(1000);
    pool.release(first);
    expect(pool.acquire(2000)).not.toBe(first);
    expect(pool.acquire(1024)).toBe(first);
    expect(pool.acquire(1000)).not.toBe(first);
  });

  it("gives a buffer that is held for long no more than was asked for, in whole words", () => {
    const pool = new BufferPool(fakeGpu().gpu);
    expect(pool.acquire(1650, { exact: true }).size).toBe(1652);
    expect(pool.statistics.liveBytes).toBe(1652);
  });

  it("counts bytes in use, their peak, and all that exist", () => {
    const pool = new BufferPool(fakeGpu().gpu);
    const [a, b] = [pool.acquire(256), pool.acquire(512)];
    pool.release(a);
    expect(pool.statistics).toEqual({ liveBytes: 512, peakBytes: 768, allocatedBytes: 768 });
    pool.release(b);
    pool.resetPeak();
    expect(pool.statistics).toEqual({ liveBytes: 0, peakBytes: 0, allocatedBytes: 768 });
    pool.acquire(256);
    expect(pool.statistics).toEqual({ liveBytes: 256, peakBytes: 256, allocatedBytes: 768 });
  });

  it("destroys what waits, and only that, when trimmed", () => {
    const { gpu, destroyed } = fakeGpu();
    const pool = new BufferPool(gpu);
    pool.acquire(512);
    const waiting = pool.acquire(256);
    pool.release(waiting);
    pool.trim();
    expect(destroyed).toEqual([256]);
    expect(pool.statistics.allocatedBytes).toBe(512);
    expect(pool.acquire(256)).not.toBe(waiting);
  });

  it("refuses what no buffer can hold, and rounds up to no more than a buffer can hold", () => {
    const pool = new BufferPool(fakeGpu(1001).gpu);
    expect(pool.acquire(997).size).toBe(1000);
    expect(() => pool.acquire(1004)).toThrow(RunError);
    expect(() => pool.acquire(1004)).toThrow(
      "cannot allocate a tensor of 1004 bytes; a buffer on this device holds at most 1001",
    );
    expect(pool.statistics.liveBytes).toBe(1000);
  });

  it("keeps to its budget by giving up waiting buffers, and goes beyond it only with buffers in use", () => {
    const { gpu, destroyed } = fakeGpu();
    const pool = new BufferPool(gpu);
    pool.budget = 3000;
    const [first, second] = [pool.acquire(1024), pool.acquire(1280)];
    pool.release(first);
    expect(destroyed).toEqual([]);
    const third = pool.acquire(1792); // 1024 wait, 1280 are in use
    expect(destroyed).toEqual([1024]);
    expect(pool.statistics).toEqual({ liveBytes: 3072, peakBytes: 3072, allocatedBytes: 3072 });
    pool.release(second);
    expect(pool.acquire(1280)).toBe(second);
    pool.release(third);
    pool.acquire(256);
    expect(destroyed).toEqual([1024, 1792]);
    expect(pool.statistics.allocatedBytes).toBe(1536);
  });
});
