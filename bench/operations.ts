import { existsSync, readdirSync } from "node:fs";
import type { OperationCases } from "../kernels/case.ts";

/** An operation whose case list cannot be loaded. */
export interface BrokenOperation {
  readonly operation: string;
  readonly problem: string;
}

export interface FoundOperations {
  readonly operations: readonly OperationCases[];
  readonly broken: readonly BrokenOperation[];
}

const kernels = new URL("../kernels/", import.meta.url);
const file = import.meta.url.endsWith(".ts") ? "cases.ts" : "cases.js"; // compiled in the package

/** The folders in kernels/ that hold an operation and its cases; the others hold what shaders share. */
export const operationFolders = (): string[] =>
  readdirSync(kernels, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/${file}`, kernels)))
    .map(({ name }) => name);

/** The case lists of all operations. */
export async function loadOperations(): Promise<FoundOperations> {
  const operations: OperationCases[] = [];
  const broken: BrokenOperation[] = [];
  for (const name of operationFolders()) {
    try {
      operations.push(((await import(new URL(`${name}/${file}`, kernels).href)) as { cases: OperationCases }).cases);
    } catch (error) {
      broken.push({
        operation: name,
        problem: `its cases do not load: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }
  return { operations, broken };
}
