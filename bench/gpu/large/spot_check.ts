import { BufferUsage, MapMode } from "../../../engine/gpu_flags.ts";
import type { Device } from "../../../engine/device.ts";
import { halfToNumber } from "../../../engine/half.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { waitFor } from "../../../engine/node/wait.ts";
import { compare } from "../../report/compare.ts";
import type { Spots } from "./case.ts";

const WORD = 4;

/** As in bench/check_case.ts: for outputs; gradients may be off ten times as far. */
const TOLERANCE = { f32: { rtol: 1e-4, atol: 1e-5 }, f16: { rtol: 2e-3, atol: 1e-3 } };

/**
 * Compares some elements of a tensor with their expected values.
 *
 * @returns undefined if all agree, otherwise how many do not, and the first of them by its index in the list of spots
 */
export async function differenceAt(
  device: Device,
  x: Tensor,
  { of, at, expected }: Spots,
): Promise<string | undefined> {
  const got = await readAt(device, x, at);
  const { rtol, atol } = TOLERANCE[x.dtype === "f16" ? "f16" : "f32"];
  const slack = of === "y" ? 1 : 10;
  const label = of === "y" ? "y" : `d${of}`;
  return compare(
    label,
    got,
    { shape: [at.length], data: Float64Array.from(expected) },
    { rtol: slack * rtol, atol: slack * atol },
  );
}

/** Reads some elements of a tensor by copying the words that hold them one by one. */
async function readAt(device: Device, x: Tensor, at: readonly number[]): Promise<number[]> {
  const half = x.dtype === "f16";
  const bytes = half ? 2 : 4;
  const staging = device.gpu.createBuffer({
    size: at.length * WORD,
    usage: BufferUsage.COPY_DST | BufferUsage.MAP_READ,
  });
  at.forEach((index, i) => {
    const start = x.offset + index * bytes;
    device.recorder.copy(x.storage.buffer, start - (start % WORD), staging, i * WORD, WORD);
  });
  await device.finish();
  await waitFor(staging.mapAsync(MapMode.READ));
  const copied = staging.getMappedRange().slice(0);
  staging.destroy();
  if (!half) return [...new Float32Array(copied)];
  const halves = new Uint16Array(copied);
  return at.map((index, i) => halfToNumber(halves[2 * i + (index % 2)] as number));
}
