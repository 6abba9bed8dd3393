import { existsSync } from "node:fs";
import { UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { writeAtomically } from "../data/files/atomic_file.ts";
import { openSafetensors } from "./safetensors/file.ts";
import { savedTensors, setValues } from "./safetensors/parameters.ts";
import { safetensorsPieces } from "./safetensors/safetensors.ts";

/**
 * Writes all values, buffers such as running means included, to a safetensors file, which PyTorch and others read. The file is complete
 * or what it was before.
 *
 * @throws RunError if it cannot be written
 */
export async function saveParameters(parameters: Parameters, path: string): Promise<void> {
  writeAtomically(path, safetensorsPieces(await savedTensors(parameters)));
}

/**
 * Sets all values from a safetensors file: one of `saveParameters`, or one of PyTorch's with the same names and shapes. Nothing is
 * changed unless everything fits.
 *
 * @throws UserError as `parametersFromBytes`, or if there is no such file
 */
export function loadParameters(parameters: Parameters, path: string): void {
  if (!existsSync(path)) throw new UserError(`${path} does not exist, expected a safetensors file`);
  const file = openSafetensors(path);
  try {
    setValues(parameters, { path, tensors: file.tensors });
  } finally {
    file.close();
  }
}
