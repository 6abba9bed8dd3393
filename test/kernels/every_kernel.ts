import { loadOperations } from "../../bench/operations.ts";
import { definedKernels } from "../../engine/kernel/kernel.ts";

/** Every kernel of the product. Other tests of the same process define kernels of their own, in `shaders/`. */
export async function everyKernel(): Promise<typeof definedKernels> {
  await loadOperations(); // and with them every kernel
  return definedKernels.filter(({ label }) => !label.startsWith("shaders/"));
}
