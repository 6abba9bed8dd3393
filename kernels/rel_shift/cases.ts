import type { KernelCase, OperationCases } from "../case.ts";
import { relShiftGradients, relShiftReference } from "./reference.ts";
import { relShift } from "./rel_shift.ts";

function relShiftCase(name: string, batch: number, heads: number, frames: number, benchmark = false): KernelCase {
  const rows = batch * heads * frames;
  return {
    name,
    inputs: { x: { shape: [batch, heads, frames, 2 * frames - 1] } },
    run: (tape, { x }) => relShift(tape, x!),
    reference: ({ x }) => relShiftReference(x!),
    referenceGradients: ({ x }, dy) => relShiftGradients(x!, dy),
    flops: 0,
    bytes: 4 * rows * 2 * frames, // reads as many as it writes: each row uses only `frames` of its columns
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "rel_shift",
  cases: [
    relShiftCase("odd", 2, 3, 7),
    relShiftCase("one frame", 2, 3, 1),
    relShiftCase("two frames", 1, 1, 2),
    relShiftCase("more than a workgroup", 1, 2, 33),
    relShiftCase("conformer 8 x 4 x 100", 8, 4, 100, true),
  ],
};
