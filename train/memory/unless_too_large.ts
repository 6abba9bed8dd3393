import { RunError } from "../../engine/errors.ts";
import type { StepMemory } from "../../recognition/memory.ts";

/** Returns the error if a tensor is too large for the device's buffers or bindings. */
export function unlessTooLarge<T>(planned: () => T): { value: T } | { error: string } {
  try {
    return { value: planned() };
  } catch (error) {
    if (error instanceof RunError) return { error: error.message };
    throw error;
  }
}

/** The bytes of a plan; infinite if a tensor does not fit into any buffer of the device. */
export function totalBytes(plan: () => StepMemory): number {
  const planned = unlessTooLarge(plan);
  return "error" in planned ? Infinity : planned.value.totalBytes;
}
