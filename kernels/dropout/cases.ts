import { sizeOf, type Shape } from "../../engine/shape.ts";
import { host, type HostTensor, type KernelCase, type OperationCases } from "../case.ts";
import { dropout } from "./dropout.ts";
import { dropoutReference } from "./reference.ts";
import { residual } from "./residual.ts";

function dropoutCase(shape: Shape, rate: number, site: number, benchmark = false): KernelCase {
  const name = { seed: 0, step: 0, site }; // seed and step of a tape without options
  return {
    name: `${shape.join(" x ")} at rate ${rate}, site ${site}`,
    inputs: { x: { shape } },
    run: (tape, { x }) => dropout(tape, x!, rate, site),
    reference: ({ x }) => dropoutReference(x!, rate, name),
    referenceGradients: (_, dy) => ({ x: dropoutReference(dy, rate, name) }),
    flops: sizeOf(shape),
    bytes: 8 * sizeOf(shape),
    half: ["x"],
    benchmark,
  };
}

function residualCase(
  shape: Shape,
  factor: number,
  rate: number,
  half: readonly string[],
  benchmark = false,
): KernelCase {
  const name = { seed: 0, step: 0, site: 4 };
  const times = (x: HostTensor): HostTensor => host(x.shape, (i) => factor * x.data[i]!);
  return {
    name: `residual ${shape.join(" x ")}, factor ${factor}, at rate ${rate}`,
    inputs: { x: { shape }, update: { shape } },
    run: (tape, { x, update }) => residual(tape, x!, update!, factor, rate, 4),
    reference: ({ x, update }) => {
      const added = dropoutReference(times(update!), rate, name);
      return host(shape, (i) => x!.data[i]! + added.data[i]!);
    },
    referenceGradients: (_, dy) => ({ x: dy, update: dropoutReference(times(dy), rate, name) }),
    flops: 2 * sizeOf(shape),
    bytes: 12 * sizeOf(shape),
    half,
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
    residualCase([3, 5, 7], 0.5, 0.2, ["update"]),
    residualCase([67], 1, 0, ["update"]),
    residualCase([1], 1, 0.5, ["x", "update"]),
    residualCase([8, 100, 256], 0.5, 0.1, ["update"], true),
  ],
};
