// The engine's host layer for Node; browser.ts is its counterpart. Nothing else in the engine deals with files, drivers or
// processes.
import { readFileSync } from "node:fs";
import { expandIncludes } from "../kernel/includes.ts";
import { reflect } from "../kernel/reflect.ts";
import type { ShaderSource } from "../kernel/wgsl.ts";

export { chooseAdapter } from "../node/adapter.ts";
export { collectGarbage } from "../node/garbage.ts";
export { findTable, tunedMachine } from "../node/tuned_table.ts";
export { waitFor } from "../node/wait.ts";

/** Reads and reflects a shader with its includes. Throws if a file cannot be read or declares no compute shader. */
export function readShader(label: string, file: URL): ShaderSource {
  const code = expandIncludes(file, (part) => readFileSync(part, "utf8"));
  return { code, ...reflect(label, code) };
}
