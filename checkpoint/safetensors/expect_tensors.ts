import { UserError } from "../../engine/errors.ts";
import { sameShape, showShape, type Shape } from "../../engine/shape.ts";
import { isFloat } from "./half_precision.ts";
import type { SafeTensor } from "./safetensors.ts";

/** Such as a checkpoint. */
interface TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/** A message names this many faults and counts the rest. */
const MOST_NAMED = 5;

/**
 * Selects the wanted tensors of a file, in the wanted order, after checking that each is present with the wanted shape
 * and a floating-point type. Values are not read, and other tensors in the file are ignored.
 *
 * @param wanted names with shapes, such as `Parameters.savedShapes`
 * @param complaint start of the message, before the faults
 * @throws UserError naming the tensors that are missing or have another shape or type
 */
export function expectTensors(
  { path, tensors }: TensorFile,
  wanted: Iterable<readonly [string, Shape]>,
  complaint = `${path} does not fit the model of its config`,
): Map<string, SafeTensor> {
  const fitting = new Map<string, SafeTensor>();
  const faults: string[] = [];
  for (const [name, shape] of wanted) {
    const found = tensors.get(name);
    const fault = found ? misfit(name, found, shape) : `${name} is missing`;
    if (fault !== null) faults.push(fault);
    else if (found) fitting.set(name, found);
  }
  if (faults.length > 0)
    throw new UserError(
      `${complaint}: ${faults.slice(0, MOST_NAMED).join("; ")}${faults.length > MOST_NAMED ? `; and ${faults.length - MOST_NAMED} more` : ""}`,
    );
  return fitting;
}

/**
 * How a tensor differs from the expected floating-point shape, such as `lm_head.bias is [31], expected [32]`; null if
 * it fits.
 */
export function misfit(name: string, tensor: SafeTensor, shape: Shape): string | null {
  if (!isFloat(tensor)) return `${name} has type ${tensor.dtype}, expected a floating-point one`;
  return sameShape(tensor.shape, shape) ? null : `${name} is ${showShape(tensor.shape)}, expected ${showShape(shape)}`;
}

/** Whether a tensor has no NaN or infinity: in half precision, an exponent of all ones. */
export function allFinite(values: SafeTensor["values"], dtype: SafeTensor["dtype"]): boolean {
  if (dtype === "F32") return (values as Float32Array).every((value) => Number.isFinite(value));
  const exponent = dtype === "F16" ? 0x7c00 : dtype === "BF16" ? 0x7f80 : null;
  return exponent === null || (values as Uint16Array).every((bits) => (bits & exponent) !== exponent);
}

/** The first tensor that contains NaN or an infinity; undefined if all are finite. */
export function firstNotFiniteTensor(
  tensors: ReadonlyMap<string, { readonly values: Float32Array }>,
): { name: string; value: number } | undefined {
  for (const [name, { values }] of tensors) {
    const value = values.find((x) => !Number.isFinite(x));
    if (value !== undefined) return { name, value };
  }
  return undefined;
}
