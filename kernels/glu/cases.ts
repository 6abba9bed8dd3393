import { sizeOf, type Shape } from "../../engine/shape.ts";
import type { HostInputs, KernelCase, OperationCases } from "../case.ts";
import { glu } from "./glu.ts";
import { gluGradient, gluReference, type GluView } from "./reference.ts";

interface More {
  /** Frames of each utterance, for x [batch, frames, 2 · channels]. */
  lengths?: readonly number[];
  value?: (i: number) => number;
  benchmark?: boolean;
}

function gluCase(shape: Shape, axis: number, { lengths, value, benchmark = false }: More = {}): KernelCase {
  const channels = shape[axis]! / 2;
  const size = sizeOf(shape) / 2;
  const view = ({ lengths: given }: HostInputs): GluView => ({
    channels,
    inner: sizeOf(shape.slice(axis + 1)),
    real: (row) => !given || row % shape[1]! < given.data[Math.floor(row / shape[1]!)]!,
  });
  return {
    name: `[${shape.join(", ")}] along ${axis}${lengths ? ", with lengths" : ""}${value ? ", far out" : ""}`,
    inputs: {
      x: { shape, ...(value && { value }) },
      ...(lengths && {
        lengths: { shape: [lengths.length], dtype: "i32" as const, value: (i: number) => lengths[i]! },
      }),
    },
    run: (tape, inputs) => glu(tape, inputs.x!, axis, inputs.lengths),
    reference: (inputs) => gluReference(inputs.x!, shape.with(axis, channels), view(inputs)),
    referenceGradients: (inputs, dy) => ({ x: gluGradient(inputs.x!, dy, view(inputs)) }),
    flops: 5 * size,
    bytes: 12 * size,
    half: ["x"],
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "glu",
  cases: [
    gluCase([3, 5, 14], 2),
    gluCase([3, 10, 7], 1),
    gluCase([2], 0),
    gluCase([67, 6], 1),
    gluCase([3, 5, 6], 2, { lengths: [5, 0, 2] }),
    gluCase([4, 8], 1, { value: (i) => (i % 8) * 30 - 100 }),
    gluCase([8, 100, 512], 2, { lengths: [100, 93, 80, 77, 60, 51, 50, 20], benchmark: true }),
  ],
};
