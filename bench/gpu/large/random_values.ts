import type { Device } from "../../../engine/device.ts";
import { overElements } from "../../../engine/kernel/grid.ts";
import { defineKernel } from "../../../engine/kernel/kernel.ts";
import { hash } from "../../../engine/random.ts";
import type { Tensor } from "../../../engine/tensor.ts";

const randomValues = defineKernel({
  file: new URL("./random_values.wgsl", import.meta.url),
  bindings: { y: "read_write" },
  sizes: { count: "u32", key: "u32", bits: "u32", scale: "f32", offset: "f32" },
  workgroups: ({ count }) => overElements(count),
});

/** offset + scale · u, with u uniform in [-1, 1): both should be sums of few powers of two, so that nothing is rounded. */
export interface Range {
  readonly scale: number;
  readonly offset: number;
}

/** f16 has 11 significant bits. For f32, 20 are enough to expose a product that rounds its operands, as TF32 does to 11. */
const bitsOf = (half: boolean): number => (half ? 11 : 20);

const keyOf = (name: string): number => hash(...[...name].map((letter) => letter.charCodeAt(0)));

/** Fills a tensor on its device with the random values belonging to this name. */
export function fillRandom(device: Device, y: Tensor, name: string, { scale, offset }: Range): void {
  randomValues.encode(
    { device },
    { y },
    { count: y.size, key: keyOf(name), bits: bitsOf(y.dtype === "f16"), scale, offset },
    {},
  );
}

/** Element i of what `fillRandom` writes, exactly. */
export function randomValue(name: string, half: boolean, { scale, offset }: Range): (i: number) => number {
  const key = keyOf(name);
  const bits = bitsOf(half);
  const middle = 2 ** (bits - 1);
  return (i) => offset + scale * (((hash(key, i) >>> (32 - bits)) - middle) / middle);
}
