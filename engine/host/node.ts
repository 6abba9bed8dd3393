// The engine's host layer for Node; browser.ts is its counterpart. Nothing else in the engine deals with files, drivers or
// processes.
import { readFileSync } from "node:fs";
import { expandIncludes } from "../kernel/includes.ts";
import { reflect } from "../kernel/reflect.ts";
import type { ShaderSource } from "../kernel/wgsl.ts";
import type { AdapterDescription } from "../adapter.ts";
import type { TunedTable } from "../tuning/tuned_table.ts";
import { findTable as tableOf, tunedMachine } from "../node/tuned_table.ts";

export { tunedMachine };

export { chooseAdapter } from "../node/adapter.ts";
export { collectGarbage } from "../node/garbage.ts";
export { waitFor } from "../node/wait.ts";

/** The table of measurements for this adapter on this machine. */
export const findTable = (info: AdapterDescription): TunedTable | undefined => tableOf(tunedMachine(info));

/** Reads and reflects a shader with its includes. Throws if a file cannot be read or declares no compute shader. */
export function readShader(label: string, file: URL): ShaderSource {
  const code = expandIncludes(file, (part) => readFileSync(part, "utf8"));
  return { code, ...reflect(label, code) };
}
