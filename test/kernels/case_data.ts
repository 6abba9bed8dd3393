import { hash, normal } from "../../engine/random.ts";
import { sizeOf } from "../../engine/shape.ts";
import { host, type CaseInput, type HostTensor } from "../../kernels/case.ts";

/** The values of a case's input: its own, or standard normal numbers by name. Rounded to float32, as the GPU gets them. */
export function caseData(name: string, input: CaseInput): HostTensor {
  const seed = [...name].reduce((h, letter) => hash(h, letter.charCodeAt(0)), 1);
  return host(input.shape, input.value ? (i) => Math.fround(input.value!(i)) : (i) => Math.fround(normal(seed, i)));
}

/** A typed array of the input's dtype. */
export function typedData(input: CaseInput, data: HostTensor): Float32Array | Int32Array | Uint32Array {
  if (input.dtype === "i32") return Int32Array.from(data.data);
  if (input.dtype === "u32") return Uint32Array.from(data.data);
  return Float32Array.from(data.data);
}

/** dL/dy of a case, for an output of this shape. */
export const cotangent = (shape: readonly number[]): HostTensor => caseData("dy", { shape });

/** L = Σ y · dy. */
export function contract(y: HostTensor, dy: HostTensor): number {
  if (y.data.length !== sizeOf(dy.shape)) throw new Error("contract: sizes differ");
  return y.data.reduce((sum, value, i) => sum + value * dy.data[i]!, 0);
}
