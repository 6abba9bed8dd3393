import { globals } from "webgpu";
import { describe, expect, it } from "vitest";
import { fill } from "../../engine/accumulate/accumulate.ts";
import { openDevice, type Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import { emptyTensor, read, tensor, zeroTensor } from "../../engine/transfer.ts";

/** Runs `body` with a device of its own, which ends with it. */
async function withDevice<T>(body: (device: Device) => Promise<T>): Promise<T> {
  const device = await openDevice();
  try {
    return await body(device);
  } finally {
    device.close();
  }
}

/** The RunError that a promise is rejected with. */
async function runError(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RunError);
  return (error as Error).message;
}

const broken = defineKernel({
  file: new URL("./kernel/shaders/does_not_compile.wgsl", import.meta.url),
  bindings: { y: "read_write" },
  workgroups: () => [1],
});

describe("devices", () => {
  it("work side by side", async () => {
    const [a, b] = await Promise.all([openDevice(), openDevice()]);
    const [x, y] = [tensor(a, [1], [1]), tensor(b, [2], [1])];
    fill({ device: a }, x, 3);
    a.close();
    fill({ device: b }, y, 4);
    expect([...(await read(b, y))]).toEqual([4]);
    b.close();
  });

  it("say whether they compute on a CPU", () =>
    withDevice(async (device) => expect(device.isSoftware).toBe(device.info.type !== "gpu")));

  it("trim() destroys waiting buffers and leaves the others", () =>
    withDevice(async (device) => {
      const [kept, given] = [zeroTensor(device, [100]), zeroTensor(device, [100])];
      fill({ device }, kept, 5);
      fill({ device }, given, 6);
      given.storage.release();
      const { allocatedBytes } = device.pool.statistics;
      device.trim();
      expect(device.pool.statistics.allocatedBytes).toBe(allocatedBytes / 2);
      fill({ device }, emptyTensor(device, [100]), 7);
      expect((await read(device, kept))[99]).toBe(5);
    }));
});

it("a device closes with the block of its `using`", async () => {
  let closed: Device;
  {
    using device = await openDevice();
    closed = device;
  }
  expect(await runError(closed.finish())).toBe("the device was closed");
});

describe("what goes wrong on a device", () => {
  it("a shader that does not compile: the next read names its file and the compiler's reason", () =>
    withDevice(async (device) => {
      const y = emptyTensor(device, [1]);
      broken.encode({ device }, { y }, {}, {});
      const message = await runError(read(device, y));
      expect(message).toMatch(/^shaders\/does_not_compile\.wgsl does not compile: /);
      expect(message).toContain("no_such_function");
      expect(await runError(device.finish())).toBe(message);
    }));

  it("a tensor larger than any buffer, at once", () =>
    withDevice(async (device) => {
      const most = device.limits.maxBufferSize;
      expect(() => emptyTensor(device, [2 ** 20, 2 ** 20])).toThrow(RunError);
      expect(() => emptyTensor(device, [2 ** 20, 2 ** 20])).toThrow(
        `cannot allocate a tensor of ${2 ** 42} bytes; a buffer on this device holds at most ${most}`,
      );
    }));

  it("a tensor larger than one binding, by its kernel's name", () =>
    withDevice(async (device) => {
      const most = device.limits.maxStorageBufferBindingSize;
      if (most >= device.limits.maxBufferSize) return; // then the buffer's limit comes first
      const x = emptyTensor(device, [most / 4 + 1]);
      expect(() => fill({ device }, x, 1)).toThrow(
        `accumulate/fill: 'y' [${most / 4 + 1}] has ${most + 4} bytes; this device can bind at most ${most}`,
      );
    }));

  it("no memory left", () =>
    withDevice(async (device) => {
      const GPUOutOfMemoryError = (
        globals as unknown as { GPUOutOfMemoryError: new (message: string) => GPUOutOfMemoryError }
      ).GPUOutOfMemoryError;
      const event = { error: new GPUOutOfMemoryError("cannot allocate\nwhile …"), preventDefault: () => undefined };
      device.gpu.onuncapturederror!(event as unknown as GPUUncapturedErrorEvent);
      expect(await runError(device.finish())).toBe("out of device memory: cannot allocate");
    }));

  it.each<[string, (device: Device) => Promise<unknown>]>([
    ["read", (device) => read(device, zeroTensor(device, [1]))],
    ["finish", (device) => device.finish()],
  ])("a lost device: %s says so and does not hang, before and after the loss is known", (_, use) =>
    withDevice(async (device) => {
      const lost = `the device was lost (${device.info.name}): `;
      device.gpu.destroy();
      expect(await runError(use(device))).toContain(lost);
      await device.gpu.lost;
      expect(await runError(use(device))).toContain(lost);
      broken.encode({ device }, { y: emptyTensor(device, [1]) }, {}, {}); // no answer comes from the compiler
      expect(await runError(use(device))).toContain(lost);
    }),
  );

  it("a closed device: reads under way and later ones are refused", async () => {
    const device = await openDevice();
    const x = zeroTensor(device, [1]);
    const underWay = read(device, x);
    device.close();
    expect(await runError(underWay)).toBe("the device was closed");
    expect(await runError(read(device, x))).toBe("the device was closed");
    device.close();
  });
});
