import { readdirSync } from "node:fs";
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

/** The case lists of all operations: `cases.ts` of each folder in kernels/, or `cases.js` where the package is compiled. */
export async function loadOperations(): Promise<FoundOperations> {
  const kernels = new URL("../kernels/", import.meta.url);
  const file = import.meta.url.endsWith(".ts") ? "cases.ts" : "cases.js";
  const operations: OperationCases[] = [];
  const broken: BrokenOperation[] = [];
  for (const entry of readdirSync(kernels, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    try {
      operations.push(((await import(new URL(`${entry.name}/${file}`, kernels).href)) as { cases: OperationCases }).cases);
    } catch (error) {
      broken.push({ operation: entry.name, problem: `its cases do not load: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  return { operations, broken };
}
