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

/** 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. Exponent 0: subnormal, 31: infinity or NaN. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
