import type { Device } from "../device.ts";
import { overElements } from "../kernel/grid.ts";
import { defineKernel } from "../kernel/kernel.ts";
import type { Tensor } from "../tensor.ts";

type OnDevice = { readonly device: Device };

const addIntoKernel = defineKernel({
  file: new URL("./add_into.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32" },
  workgroups: ({ count }) => overElements(count),
});

const sumOfTwoKernel = defineKernel({
  file: new URL("./sum_of_two.wgsl", import.meta.url),
  bindings: { a: "read", b: "read", y: "read_write" },
  sizes: { count: "u32" },
  workgroups: ({ count }) => overElements(count),
});

const fillKernel = defineKernel({
  file: new URL("./fill.wgsl", import.meta.url),
  bindings: { y: "read_write" },
  sizes: { count: "u32", value: "f32" },
  workgroups: ({ count }) => overElements(count),
});

const convertKernel = defineKernel({
  file: new URL("./convert.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32" },
  workgroups: ({ count }) => overElements(count),
});

/** y = x, rounded if y is f16. */
export const convert = (on: OnDevice, x: Tensor, y: Tensor): void =>
  convertKernel.encode(on, { x, y }, { count: y.size }, {});

/** y += x, elementwise. */
export const addInto = (on: OnDevice, x: Tensor, y: Tensor): void =>
  addIntoKernel.encode(on, { x, y }, { count: y.size }, {});

/** y = a + b, elementwise. */
export const sumOfTwo = (on: OnDevice, a: Tensor, b: Tensor, y: Tensor): void =>
  sumOfTwoKernel.encode(on, { a, b, y }, { count: y.size }, {});

/** y = value, elementwise. */
export const fill = (on: OnDevice, y: Tensor, value: number): void =>
  fillKernel.encode(on, { y }, { count: y.size, value }, {});
