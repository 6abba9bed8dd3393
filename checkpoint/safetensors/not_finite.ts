import type { SafeTensor } from "./safetensors.ts";

/** Whether no value of a tensor is NaN or an infinity: in half precision, an exponent of ones. */
export function allFinite(values: SafeTensor["values"], dtype: SafeTensor["dtype"]): boolean {
  if (dtype === "F32") return (values as Float32Array).every((value) => Number.isFinite(value));
  const exponent = dtype === "F16" ? 0x7c00 : dtype === "BF16" ? 0x7f80 : null;
  return exponent === null || (values as Uint16Array).every((bits) => (bits & exponent) !== exponent);
}

/** The first tensor, by name, that holds NaN or an infinity; undefined if all are finite. */
export function firstNotFiniteTensor(
  tensors: ReadonlyMap<string, { readonly values: Float32Array }>,
): { name: string; value: number } | undefined {
  for (const [name, { values }] of tensors) {
    const value = values.find((x) => !Number.isFinite(x));
    if (value !== undefined) return { name, value };
  }
  return undefined;
}
