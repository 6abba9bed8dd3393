import type { Device } from "../engine/device.ts";
import { hash, normal } from "../engine/random.ts";
import { halfToNumber, numberToHalf } from "../engine/half.ts";
import { release, type HostArray, type Tensor } from "../engine/tensor.ts";
import { halfTensor, leaf, tensor, zeroTensor } from "../engine/transfer.ts";
import { host, type CaseInput, type HostTensor, type KernelCase } from "./case.ts";

/** The values of a case's input: its own, or standard normal numbers seeded by its name. Rounded to float32, as on the GPU. */
export function caseData(name: string, input: CaseInput): HostTensor {
  const seed = [...name].reduce((h, letter) => hash(h, letter.charCodeAt(0)), 1);
  return host(input.shape, input.value ? (i) => Math.fround(input.value!(i)) : (i) => Math.fround(normal(seed, i)));
}

/** A typed array of the input's dtype. */
export function typedData(input: CaseInput, data: HostTensor): HostArray {
  if (input.dtype === "i32") return Int32Array.from(data.data);
  if (input.dtype === "u32") return Uint32Array.from(data.data);
  return Float32Array.from(data.data);
}

/** dL/dy of a case, for an output of this shape. */
export const cotangent = (shape: readonly number[]): HostTensor => caseData("dy", { shape });

/** All inputs of a case, as its reference takes them; those named in `halves` rounded to f16. */
export const hostInputs = (kernelCase: KernelCase, halves: readonly string[] = []): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(kernelCase.inputs).map(([name, input]) => {
      const data = caseData(name, input);
      return [name, halves.includes(name) ? rounded(data) : data];
    }),
  );

/** The nearest f16 values. */
export const rounded = ({ shape, data }: HostTensor): HostTensor => ({
  shape,
  data: data.map((value) => halfToNumber(numberToHalf(value))),
});

/** Names of the inputs that the case differentiates; none if it has no gradients. */
export function differentiated({ inputs, referenceGradients }: KernelCase): string[] {
  if (!referenceGradients) return [];
  return Object.entries(inputs).flatMap(([name, { dtype, grad }]) =>
    (dtype ?? "f32") === "f32" && grad !== false ? [name] : [],
  );
}

/**
 * A case's inputs on a device, those named in `halves` as f16; those it differentiates are leaves, with gradients of zero.
 * `releaseInputs` releases them.
 */
export function placeInputs(
  device: Device,
  kernelCase: KernelCase,
  data = hostInputs(kernelCase),
  halves: readonly string[] = [],
): Record<string, Tensor> {
  const leaves = differentiated(kernelCase);
  return Object.fromEntries(
    Object.entries(kernelCase.inputs).map(([name, input]) => {
      if (halves.includes(name)) {
        const grad = leaves.includes(name) ? zeroTensor(device, input.shape, "f16") : undefined;
        return [name, halfTensor(device, data[name]!.data, input.shape, { grad })];
      }
      const values = typedData(input, data[name]!);
      return [
        name,
        leaves.includes(name) ? leaf(device, values as Float32Array, input.shape) : tensor(device, values, input.shape),
      ];
    }),
  );
}

export function releaseInputs(inputs: Readonly<Record<string, Tensor>>): void {
  for (const x of Object.values(inputs)) release(x);
}
