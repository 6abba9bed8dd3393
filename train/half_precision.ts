import { halfToNumber } from "../engine/half.ts";
import type { SafeTensor } from "./safetensors.ts";

/** Whether `toFloat32` takes the tensor. */
export const isFloat = ({ dtype }: SafeTensor): boolean => dtype === "F32" || dtype === "F16" || dtype === "BF16";

/**
 * A floating-point tensor's values as float32: F32 as they are (not copied), F16 and BF16 widened, which is exact.
 *
 * @throws Error if the tensor holds integers
 */
export function toFloat32(tensor: SafeTensor): Float32Array {
  switch (tensor.dtype) {
    case "F32":
      return tensor.values;
    case "BF16":
      return widenBfloat16(tensor.values);
    case "F16":
      return Float32Array.from(tensor.values, halfToNumber);
    default:
      throw new Error(`toFloat32: expected a tensor of type F32, F16 or BF16, got ${tensor.dtype}.`);
  }
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer);
}
