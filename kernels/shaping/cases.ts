import { sizeOf, type Shape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { KernelCase, OperationCases } from "../case.ts";
import { movedGradients, movedReference, type Origins } from "./reference.ts";
import { concat, expand, flip, pad, permute, slice, split, stack, transpose } from "./shaping.ts";

interface Moved {
  inputs: Record<string, Shape>;
  shape: Shape;
  run: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  origins: Origins;
  fill?: number;
}

function movedCase(name: string, { inputs, shape, run, origins, fill }: Moved, benchmark = false): KernelCase {
  return {
    name,
    inputs: Object.fromEntries(Object.entries(inputs).map(([input, own]) => [input, { shape: own }])),
    run,
    reference: (given) => movedReference(given, shape, origins, fill),
    referenceGradients: (given, dy) => movedGradients(given, dy, origins),
    flops: 0,
    bytes: 8 * sizeOf(shape),
    // The gradient of expand is a sum, which is of f32.
    ...(!name.startsWith("expand") && { half: Object.keys(inputs) }),
    benchmark,
  };
}

/** A case with the single input x. */
const one = (
  name: string,
  x: Shape,
  shape: Shape,
  run: (tape: Tape, x: Tensor) => Tensor,
  at: (c: readonly number[]) => number[] | undefined,
  fill = 0,
) =>
  movedCase(name, {
    inputs: { x },
    shape,
    run: (tape, inputs) => run(tape, inputs.x!),
    origins: (c) => {
      const source = at(c);
      return source && { input: "x", at: source };
    },
    fill,
  });

function permuteCase(shape: Shape, axes: readonly number[], benchmark = false): KernelCase {
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  const moved = {
    inputs: { x: shape },
    shape: axes.map((axis) => shape[axis]!),
    run: (tape: Tape, { x }: Readonly<Record<string, Tensor>>) => permute(tape, x!, axes),
    origins: (c: readonly number[]) => ({ input: "x", at: inverse.map((axis) => c[axis]!) }),
  };
  return movedCase(`permute [${shape.join(", ")}] by [${axes.join(", ")}]`, moved, benchmark);
}

export const cases: OperationCases = {
  operation: "shaping",
  cases: [
    permuteCase([3, 5], [1, 0]),
    permuteCase([2, 7, 3, 5], [0, 2, 1, 3]),
    permuteCase([2, 3, 4, 3, 2], [4, 2, 0, 3, 1]),
    permuteCase([1, 1], [1, 0]),
    permuteCase([3, 4, 5], [0, 1, 2]),
    one(
      "transpose the outer axes",
      [3, 4, 33],
      [33, 4, 3],
      (tape, x) => transpose(tape, x, 0, -1),
      ([a, b, c]) => [c!, b!, a!],
    ),
    one(
      "flip two axes",
      [2, 5, 3],
      [2, 5, 3],
      (tape, x) => flip(tape, x, [1, 2]),
      ([a, b, c]) => [a!, 4 - b!, 2 - c!],
    ),
    one(
      "expand a middle axis",
      [3, 1, 5],
      [3, 4, 5],
      (tape, x) => expand(tape, x, [3, 4, 5]),
      ([a, , c]) => [a!, 0, c!],
    ),
    one(
      "expand one element",
      [],
      [67, 2],
      (tape, x) => expand(tape, x, [67, 2]),
      () => [],
    ),
    one(
      "slice with steps",
      [4, 7, 5],
      [3, 3, 2],
      (tape, x) => slice(tape, x, [1, 0, 1], [4, 7, 5], [1, 3, 3]),
      ([a, b, c]) => [1 + a!, 3 * b!, 1 + 3 * c!],
    ),
    one(
      "split: the last part",
      [3, 7],
      [3, 4],
      (tape, x) => split(tape, x, 1, [1, 2, 4])[2]!,
      ([a, b]) => [a!, 3 + b!],
    ),
    one(
      "split and put together the other way round",
      [3, 7],
      [3, 7],
      (tape, x) => concat(tape, split(tape, x, 1, [3, 4]).reverse(), 1),
      ([a, b]) => [a!, (b! + 3) % 7],
    ),
    one(
      "pad",
      [2, 3],
      [3, 8],
      (tape, x) =>
        pad(
          tape,
          x,
          [
            [0, 1],
            [2, 3],
          ],
          -1.5,
        ),
      ([a, b]) => (a! < 2 && b! >= 2 && b! < 5 ? [a!, b! - 2] : undefined),
      -1.5,
    ),
    movedCase("concat along the middle axis", {
      inputs: { a: [2, 1, 5], b: [2, 7, 5], c: [2, 2, 5] },
      shape: [2, 10, 5],
      run: (tape, { a, b, c }) => concat(tape, [a!, b!, c!], 1),
      origins: ([i, j, k]) =>
        j! < 1
          ? { input: "a", at: [i!, j!, k!] }
          : j! < 8
            ? { input: "b", at: [i!, j! - 1, k!] }
            : { input: "c", at: [i!, j! - 8, k!] },
    }),
    movedCase("stack", {
      inputs: { a: [3, 5], b: [3, 5] },
      shape: [3, 2, 5],
      run: (tape, { a, b }) => stack(tape, [a!, b!], 1),
      origins: ([i, j, k]) => ({ input: j === 0 ? "a" : "b", at: [i!, k!] }),
    }),
    permuteCase([8, 100, 4, 64], [0, 2, 1, 3], true),
  ],
};
