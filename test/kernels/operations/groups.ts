import { operationFolders } from "../../../bench/operations.ts";
import type { OperationCases } from "../../../kernels/case.ts";

/** Operations whose shaders take long to compile, so that their tests run beside each other. */
export const GROUPS = {
  attention: ["attention"],
  convolutions: ["conv1d", "conv2d", "positional_conv"],
  products: ["linear", "matmul"],
} as const;

/** All others. */
export const others = (): string[] =>
  operationFolders().filter((name) => !(Object.values(GROUPS).flat() as string[]).includes(name));

/** The case lists of operations. */
export const casesOf = (names: readonly string[]): Promise<OperationCases[]> =>
  Promise.all(
    names.map(async (name) => {
      const file = new URL(`../../../kernels/${name}/cases.ts`, import.meta.url);
      return ((await import(file.href)) as { cases: OperationCases }).cases;
    }),
  );
