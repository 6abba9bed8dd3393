import type { Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import { release } from "../../engine/tensor.ts";
import { emptyTensor, zeroTensor } from "../../engine/transfer.ts";
import { clockOf, elapsed, type ClockName } from "../clock.ts";
import type { Roof } from "./roof.ts";

export interface MeasuredRoof extends Roof {
  /** f16 arithmetic; null where the device has none. */
  readonly halfGflopsPerSecond: number | null;
  /** The bandwidth by size of a buffer; the roof's is the largest of them. */
  readonly copies: { readonly bytes: number; readonly gigabytesPerSecond: number }[];
}

const WORKGROUP = 64; // of all kernels here
const COPY_WORKGROUPS = [256, 1024, 4096] as const;
/** Enough to fill a GPU several times over; a CPU needs few, as it takes some time to start each. */
const arithmeticWorkgroups = ({ isSoftware }: Pick<Device, "isSoftware">): number => (isSoftware ? 256 : 4096);
const MIB = 2 ** 20;
/** Beyond every cache: a software driver binds at most 128 MiB, a large GPU's second level holds some 50 MiB. */
const copiedBytes = ({ isSoftware }: Pick<Device, "isSoftware">): readonly number[] =>
  (isSoftware ? [32, 64, 128] : [128, 256, 512, 1024]).map((mebibytes) => mebibytes * MIB);
/** Many short ones: on a machine with other work, some then find it idle. */
const SAMPLES = { copy: 8, arithmetic: 24 };
const DISPATCH_MS = 5;

const copy = defineKernel({
  file: new URL("./copy.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32", stride: "u32" },
  workgroups: ({ stride }) => [stride / WORKGROUP],
});

const arithmetic = (name: string) =>
  defineKernel({
    file: new URL(`./${name}.wgsl`, import.meta.url),
    bindings: { y: "read_write" },
    sizes: { rounds: "u32", factor: "f32", term: "f32", workgroups: "u32" },
    workgroups: ({ workgroups }) => [workgroups],
  });

/** The kernel of each type, and its operations per thread and round. */
const MULTIPLY_ADD = {
  f32: { kernel: arithmetic("multiply_add"), flops: 160 },
  f16: { kernel: arithmetic("multiply_add_f16"), flops: 320 },
};

/**
 * Measures a device's own limits. A limit is the best of some samples, not their median, as other work on the machine can
 * only lower it. A copy counts the bytes read and written; a CPU also reads the cache lines it writes, so work that
 * mostly reads can exceed this roof.
 */
export async function measureRoof(device: Device, clock: ClockName): Promise<MeasuredRoof> {
  const copies = [];
  for (const bytes of copiedBytes(device))
    if (bytes <= Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize))
      copies.push({ bytes, gigabytesPerSecond: await bandwidth(device, clock, bytes) });
  if (copies.length === 0)
    throw new RunError(
      `the bandwidth of ${device.info.name} cannot be measured: it binds less than ${copiedBytes(device)[0]} bytes`,
    );
  return {
    gigabytesPerSecond: Math.max(...copies.map(({ gigabytesPerSecond }) => gigabytesPerSecond)),
    gflopsPerSecond: await peak(device, clock, "f32"),
    halfGflopsPerSecond: device.features.has("shader-f16") ? await peak(device, clock, "f16") : null,
    copies,
  };
}

async function bandwidth(device: Device, clock: ClockName, bytes: number): Promise<number> {
  const [x, y] = [zeroTensor(device, [bytes / 4]), zeroTensor(device, [bytes / 4])];
  try {
    const times = [];
    for (const workgroups of COPY_WORKGROUPS)
      times.push(
        await best(
          device,
          clock,
          () => copy.encode({ device }, { x, y }, { count: bytes / 16, stride: workgroups * WORKGROUP }, {}),
          SAMPLES.copy,
        ),
      );
    return (2 * bytes) / Math.min(...times) / 1e6;
  } finally {
    release(x);
    release(y);
    device.trim(); // the buffers are large, and no case needs their size
  }
}

async function peak(device: Device, clock: ClockName, type: keyof typeof MULTIPLY_ADD): Promise<number> {
  const work = multiplyAdds(device, type);
  try {
    await work.lengthen(DISPATCH_MS);
    return work.flops() / (await best(device, clock, work.call, SAMPLES.arithmetic)) / 1e6;
  } finally {
    work.release();
  }
}

/** Milliseconds of the fastest call. */
async function best(device: Device, name: ClockName, call: () => void, samples: number): Promise<number> {
  const clock = clockOf(device, name);
  await elapsed(device, call); // compiles
  const times = [];
  for (let i = 0; i < samples; i++) times.push(await clock.measure(call, 1));
  return Math.min(...times);
}

/** A dispatch of pure arithmetic, of adjustable length. */
export function multiplyAdds(device: Device, type: keyof typeof MULTIPLY_ADD) {
  const { kernel, flops } = MULTIPLY_ADD[type];
  const workgroups = arithmeticWorkgroups(device);
  const threads = workgroups * WORKGROUP;
  const y = emptyTensor(device, [threads]);
  let rounds = 1;
  // Every chain tends to 2 from any start: no value overflows or becomes tiny.
  const call = (): void => kernel.encode({ device }, { y }, { rounds, factor: 0.5, term: 1, workgroups }, {});
  return {
    call,
    flops: (): number => threads * rounds * flops,
    shorten: (): void => void (rounds = 1),
    /** Lengthens the work until a call takes this many milliseconds. */
    async lengthen(ms: number): Promise<void> {
      await elapsed(device, call); // compiles
      for (let taken = await elapsed(device, call); taken < ms; taken = await elapsed(device, call))
        rounds = Math.ceil(rounds * Math.min(16, 1.2 * (ms / taken)));
    },
    release: (): void => release(y),
  };
}
