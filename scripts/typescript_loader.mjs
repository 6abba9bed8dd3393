// Lets a thread of Node 20 run the sources: `--import scripts/typescript_loader.mjs` strips types from .ts files as they are
// loaded. vitest and vite-node do that for the main thread alone; what is built to dist/ needs nothing of it.
import { readFile } from "node:fs/promises";
import { register } from "node:module";

// Node loads this file twice: by --import, and again, in a thread of its own, for the hook below.
if (!import.meta.url.endsWith("?hooks")) register(`${import.meta.url}?hooks`);

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const { default: typescript } = await import("typescript");
  const { ESNext } = typescript.ModuleKind;
  const source = await readFile(new URL(url), "utf8");
  const { outputText } = typescript.transpileModule(source, { compilerOptions: { module: ESNext, target: typescript.ScriptTarget.ES2023, verbatimModuleSyntax: true } });
  return { format: "module", shortCircuit: true, source: outputText };
}
