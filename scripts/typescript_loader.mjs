// Lets a worker thread in Node 20 run the sources: `--import scripts/typescript_loader.mjs` strips types from .ts files
// as they are loaded. vitest and vite-node do that only for the main thread; the build in dist/ does not need it.
import { readFile } from "node:fs/promises";
import { register } from "node:module";

// Node loads this file twice: by --import, and again, in a thread of its own, for the hook below.
if (!import.meta.url.endsWith("?hooks")) register(`${import.meta.url}?hooks`);

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const { transform } = await import("esbuild");
  const { code } = await transform(await readFile(new URL(url), "utf8"), {
    loader: "ts",
    format: "esm",
    target: "node20",
  });
  return { format: "module", shortCircuit: true, source: code };
}
