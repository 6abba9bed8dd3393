import type { Device } from "../../../engine/device.ts";
import { defineKernel } from "../../../engine/kernel/kernel.ts";
import { release } from "../../../engine/tensor.ts";
import { emptyTensor } from "../../../engine/transfer.ts";
import type { ClockName } from "../../clock.ts";
import { defaultBudget, timeCalls } from "../../time_calls.ts";
import { fillRandom } from "./random_values.ts";

const THREADS = 64; // of a workgroup
const WORKGROUPS = [1024, 4096, 16384] as const;

const copyKernel = defineKernel({
  file: new URL("../../roofline/copy.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32", stride: "u32" },
  workgroups: ({ stride }) => [stride / THREADS],
});

/** GB/s, bytes read plus bytes written, of copying `floats` floats: the median with the best number of workgroups. */
export async function copyBandwidth(
  device: Device,
  clock: ClockName,
  floats: number,
): Promise<{ bytes: number; medianMs: number; gigabytesPerSecond: number }> {
  const [x, y] = [emptyTensor(device, [floats]), emptyTensor(device, [floats])];
  fillRandom(device, x, "copy", { scale: 1, offset: 0 });
  const times = [];
  for (const workgroups of WORKGROUPS) {
    const call = (): void =>
      copyKernel.encode({ device }, { x, y }, { count: floats / 4, stride: workgroups * THREADS }, {});
    times.push((await timeCalls(device, call, defaultBudget, clock)).medianMs);
  }
  release(x);
  release(y);
  device.trim();
  const [bytes, medianMs] = [8 * floats, Math.min(...times)];
  return { bytes, medianMs, gigabytesPerSecond: bytes / medianMs / 1e6 };
}
