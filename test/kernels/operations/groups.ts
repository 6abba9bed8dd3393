import { operationFolders } from "../../../bench/operations.ts";

/** Operations whose shaders take long to compile, so that their tests run beside each other. */
export const GROUPS = {
  attention: ["attention"],
  convolutions: ["conv1d", "conv2d", "positional_conv"],
  products: ["linear", "matmul"],
} as const;

/** All others. */
export const others = (): string[] =>
  operationFolders().filter((name) => !(Object.values(GROUPS).flat() as string[]).includes(name));
