import type { BrokenOperation, FoundOperations } from "../../../bench/operations.ts";
import type { OperationCases } from "../../../kernels/case.ts";

/** Each operation's case list, loaded when asked for. */
const FILES = import.meta.glob<{ cases: OperationCases }>("../../../kernels/*/cases.ts");

const folderOf = (path: string): string => path.split("/").at(-2) as string;

export const operationNames = (): string[] => Object.keys(FILES).map(folderOf).sort();

/** The case lists of some operations; none named: of all. */
export async function loadOperations(names: readonly string[]): Promise<FoundOperations> {
  const operations: OperationCases[] = [];
  const broken: BrokenOperation[] = [];
  for (const [path, load] of Object.entries(FILES).sort(([a], [b]) => a.localeCompare(b))) {
    const operation = folderOf(path);
    if (names.length > 0 && !names.includes(operation)) continue;
    try {
      operations.push((await load()).cases);
    } catch (error) {
      broken.push({ operation, problem: `its cases do not load: ${(error as Error).message}` });
    }
  }
  return { operations, broken };
}
