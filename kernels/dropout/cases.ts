import { sizeOf, type Shape } from "../../engine/shape.ts";
import type { KernelCase, OperationCases } from "../case.ts";
import { dropout } from "./dropout.ts";
import { dropoutReference } from "./reference.ts";

function dropoutCase(shape: Shape, rate: number, site: number, benchmark = false): KernelCase {
  const name = { seed: 0, step: 0, site }; // seed and step as of a tape without options
  return {
    name: `${shape.join(" x ")} at rate ${rate}, site ${site}`,
    inputs: { x: { shape } },
    run: (tape, { x }) => dropout(tape, x!, rate, site),
    reference: ({ x }) => dropoutReference(x!, rate, name),
    referenceGradients: (_, dy) => ({ x: dropoutReference(dy, rate, name) }),
    flops: sizeOf(shape),
    bytes: 8 * sizeOf(shape),
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "dropout",
  cases: [
    dropoutCase([5, 13], 0.1, 0),
    dropoutCase([1], 0.5, 3),
    dropoutCase([3, 67, 2], 0.9, 70_001),
    dropoutCase([7], 0, 1),
    dropoutCase([8, 100, 256], 0.1, 2, true),
  ],
};
