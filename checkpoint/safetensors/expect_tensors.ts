import { UserError } from "../../engine/errors.ts";
import { sameShape, showShape, type Shape } from "../../engine/shape.ts";
import { isFloat } from "./half_precision.ts";
import type { SafeTensor } from "./safetensors.ts";

/** A checkpoint, for one. */
interface TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/** Faults that a message names; of the others it says how many they are. */
const NAMED = 5;

/**
 * The wanted ones of a file's tensors, in the order wanted, once each is known to be there in the shape wanted and of a
 * floating-point type. Values are not read, and what else the file holds does not matter.
 *
 * @param wanted names with shapes, such as `Parameters.savedShapes`
 * @param complaint how the message begins, before the faults
 * @throws UserError that names the tensors which are missing or of another shape or type
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
      `${complaint}: ${faults.slice(0, NAMED).join("; ")}${faults.length > NAMED ? `; and ${faults.length - NAMED} more` : ""}`,
    );
  return fitting;
}

/** What is wrong with a tensor that should be a floating-point one of a shape: `lm_head.bias is [31], expected [32]`; null if nothing. */
export function misfit(name: string, tensor: SafeTensor, shape: Shape): string | null {
  if (!isFloat(tensor)) return `${name} has type ${tensor.dtype}, expected a floating-point one`;
  return sameShape(tensor.shape, shape) ? null : `${name} is ${showShape(tensor.shape)}, expected ${showShape(shape)}`;
}

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
