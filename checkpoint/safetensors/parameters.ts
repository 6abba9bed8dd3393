import { UserError } from "../../engine/errors.ts";
import type { Parameters } from "../../engine/parameters.ts";
import { expectTensors } from "./expect_tensors.ts";
import { toFloat32 } from "./half_precision.ts";
import { parseSafetensors, serialiseSafetensors, type SafeTensor } from "./safetensors.ts";

/** All values, buffers such as running means included, as the bytes of a safetensors file, by name. */
export const parametersToBytes = async (parameters: Parameters): Promise<Uint8Array> =>
  serialiseSafetensors(await savedTensors(parameters));

/** The same as tensors. */
export async function savedTensors(parameters: Parameters): Promise<Map<string, SafeTensor>> {
  const values = await parameters.read("values");
  return new Map([...values].map(([name, tensor]) => [name, { dtype: "F32", ...tensor } as SafeTensor]));
}

/**
 * Sets all values from the bytes of a safetensors file: one of `parametersToBytes`, or one of PyTorch's whose names and shapes are the
 * same. Half precision is widened. Nothing is written unless everything fits.
 *
 * @param name of the bytes in error messages
 * @throws UserError if the file is malformed, or naming the tensors that are missing, unknown, or of another shape or type
 */
export function parametersFromBytes(parameters: Parameters, bytes: Uint8Array, name = "the file"): void {
  setValues(parameters, { path: name, tensors: parseSafetensors(bytes, name).tensors });
}

/** The same from a file's tensors. */
export function setValues(
  parameters: Parameters,
  file: { readonly path: string; readonly tensors: ReadonlyMap<string, SafeTensor> },
): void {
  const complaint = `${file.path} does not fit these parameters`;
  const found = expectTensors(file, parameters.savedShapes, complaint);
  const unknown = [...file.tensors.keys()].filter((name) => !found.has(name) && !COUNT.test(name));
  if (unknown.length > 0)
    throw new UserError(
      `${complaint}: it also has ${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ", …" : ""}`,
    );
  for (const [name, tensor] of found) parameters.write(name, toFloat32(tensor));
  parameters.roundToHalf();
}

/** PyTorch's batch norm saves how many batches it saw, of which nothing depends. */
const COUNT = /(^|\.)num_batches_tracked$/u;
