import { broadcastShapes, sizeOf, type Shape } from "../../engine/shape.ts";
import type { KernelCase, OperationCases } from "../case.ts";
import { matmul, type MatmulOptions } from "./matmul.ts";
import { matmulGradients, matmulReference } from "./reference.ts";

function matmulCase(
  name: string,
  a: Shape,
  b: Shape,
  options: MatmulOptions = {},
  more: Partial<KernelCase> = {},
): KernelCase {
  const { transposeA = false, transposeB = false } = options;
  const [rows, inner] = transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const cols = transposeB ? b.at(-2)! : b.at(-1)!;
  const matrices = sizeOf(broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2)));
  return {
    name,
    inputs: { a: { shape: a }, b: { shape: b } },
    run: (tape, inputs) => matmul(tape, inputs.a!, inputs.b!, options),
    reference: (inputs) => matmulReference(inputs.a!, inputs.b!, transposeA, transposeB),
    referenceGradients: (inputs, dy) => matmulGradients(inputs.a!, inputs.b!, dy, transposeA, transposeB),
    flops: 2 * matrices * rows * cols * inner,
    half: ["a", "b"],
    bytes: 4 * (sizeOf(a) + sizeOf(b) + matrices * rows * cols),
    ...more,
  };
}

/** Sizes that fit every variant, but are not multiples of their tiles. */
const multiplesOfFour = [
  matmulCase("no multiple of a tile", [37, 44], [44, 100]),
  matmulCase("transposed", [45, 20], [45, 36], { transposeA: true }),
  matmulCase("by a transposed one", [3, 13, 36], [3, 68, 36], { transposeB: true }),
  matmulCase("both transposed, batches", [2, 1, 8, 12], [3, 40, 8], { transposeA: true, transposeB: true }),
  matmulCase("several tiles", [140, 36], [36, 132]),
  matmulCase("several tiles, both transposed", [36, 140], [132, 36], { transposeA: true, transposeB: true }),
];

export const cases: OperationCases = {
  operation: "matmul",
  cases: [
    matmulCase("one element", [1, 1], [1, 1]),
    matmulCase("odd sizes", [7, 5], [5, 13]),
    matmulCase("both transposed, odd", [5, 7], [13, 5], { transposeA: true, transposeB: true }),
    matmulCase("three groups of leading axes", [2, 1, 3, 5, 4], [4, 3, 4, 6]),
    matmulCase("a repeated over the batch", [4, 3], [3, 3, 2]),
    ...multiplesOfFour,
    matmulCase(
      "attention scores 32 x 100 x 64",
      [32, 100, 64],
      [32, 100, 64],
      { transposeB: true },
      { benchmark: true },
    ),
    matmulCase("attention context 32 x 100 x 64", [32, 100, 100], [32, 100, 64], {}, { benchmark: true }),
    matmulCase("512 cubed", [512, 512], [512, 512], {}, { benchmark: true }),
  ],
};
