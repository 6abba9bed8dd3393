import type { KernelCase, OperationCases } from "../case.ts";
import { rotaryGradients, rotaryReference } from "./reference.ts";
import { rotaryEmbedding } from "./rotary.ts";

interface Options {
  readonly base?: number;
  readonly benchmark?: boolean;
}

function rotaryCase(
  name: string,
  shape: readonly [number, number, number, number],
  { base = 10000, benchmark = false }: Options = {},
): KernelCase {
  const [batch, frames, heads, width] = shape;
  const size = batch * frames * heads * width;
  return {
    name,
    inputs: { x: { shape } },
    run: (tape, { x }) => rotaryEmbedding(tape, x!, base),
    reference: ({ x }) => rotaryReference(x!, base),
    referenceGradients: (_, dy) => rotaryGradients(dy, base),
    flops: 3 * size,
    bytes: 4 * (2 * size + frames * width),
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "rotary",
  cases: [
    rotaryCase("odd", [2, 7, 3, 10]),
    rotaryCase("one frame, one pair", [1, 1, 1, 2]),
    rotaryCase("more than a workgroup", [2, 35, 1, 6]),
    rotaryCase("many frames: large angles", [1, 1500, 1, 4]),
    rotaryCase("another base", [1, 9, 2, 8], { base: 100 }),
    rotaryCase("wav2vec2-conformer 4 x 250, 16 heads x 64", [4, 250, 16, 64], { benchmark: true }),
  ],
};
