import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { ShapeError, expectFloat, showShape, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { broadcastBatches, denseStrides, isFull, type Batches } from "./batches.ts";
import { ONE_MATRIX, encodeProduct, type ProductOptions, type ProductSizes } from "./product.ts";

const sumRepeats = defineKernel({
  file: new URL("./sum_repeats.wgsl", import.meta.url),
  bindings: { full: "read", dx: "read_write" },
  sizes: {
    count: "u32",
    matrix: "u32",
    size1: "u32",
    size2: "u32",
    keep1: "u32",
    keep2: "u32",
    repeat0: "u32",
    repeat1: "u32",
    repeat2: "u32",
  },
  workgroups: ({ count }) => spread(count, 64),
});

export interface MatmulOptions {
  /** The last two axes of a are `[inner, rows]` instead of `[rows, inner]`. */
  readonly transposeA?: boolean;
  /** The last two axes of b are `[cols, inner]` instead of `[inner, cols]`. */
  readonly transposeB?: boolean;
}

/**
 * op(a) · op(b) over the last two axes; op transposes them if requested. Leading axes broadcast as in NumPy. Operands may be
 * f16; the result is f16 where both are.
 *
 * @param a `[…, rows, inner]`
 * @param b `[…, inner, cols]`
 * @returns `[…, rows, cols]`
 * @throws ShapeError if the inner sizes differ, or the leading axes do not broadcast
 */
export function matmul(tape: Tape, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const { rows, cols, inner, shape, batches } = checkMatrices(a, b, transposeA, transposeB);
  const y = tape.empty(shape, a.dtype === b.dtype ? a.dtype : "f32");
  encodeProduct(tape, a, b, y, { rows, cols, inner, batches }, options);
  return tape.record("matmul", [a, b], y, [a, b], (dy) => {
    const [A, B, DY] = [
      { x: a, strides: batches.a },
      { x: b, strides: batches.b },
      { x: dy, strides: denseStrides(batches.sizes) },
    ];
    const gradient = (of: Operand, left: Operand, right: Operand, sizes: ProductSizes, transpose: ProductOptions) =>
      operandGradient(
        tape,
        of,
        left,
        right,
        { ...sizes, batches: { sizes: batches.sizes, a: left.strides, b: right.strides } },
        transpose,
      );
    // y = op(a) · op(b)  gives  d op(a) = dy · op(b)ᵀ  and  d op(b) = op(a)ᵀ · dy; for a transposed operand, the transpose.
    const da = transposeA
      ? gradient(A, B, DY, { rows: inner, cols: rows, inner: cols }, { transposeA: transposeB, transposeB: true })
      : gradient(A, DY, B, { rows, cols: inner, inner: cols }, { transposeB: !transposeB });
    const db = transposeB
      ? gradient(B, DY, A, { rows: cols, cols: inner, inner: rows }, { transposeA: true, transposeB: transposeA })
      : gradient(B, A, DY, { rows: inner, cols, inner: rows }, { transposeA: !transposeA });
    return [da, db];
  });
}

interface Operand {
  readonly x: Tensor;
  readonly strides: Batches["a"];
}

/** The gradient of one operand, summed over its repeats; a parameter's is accumulated in place. */
function operandGradient(
  tape: Tape,
  of: Operand,
  left: Operand,
  right: Operand,
  sizes: ProductSizes & Required<Pick<ProductSizes, "batches">>,
  options: ProductOptions,
): Tensor | undefined {
  if (!of.x.needsGrad) return undefined;
  const { sizes: groups } = sizes.batches;
  if (isFull(of.strides, groups)) {
    const dx = of.x.grad ? tape.gradientOf(of.x) : tape.like(of.x);
    encodeProduct(tape, left.x, right.x, dx, sizes, { ...options, accumulate: of.x.grad !== undefined });
    return of.x.grad ? undefined : dx;
  }
  const full = tape.empty([...groups, sizes.rows, sizes.cols]);
  encodeProduct(tape, left.x, right.x, full, sizes, options);
  const dx = tape.like(of.x);
  const keep = groups.map((size, group) => (of.strides[group] === 0 ? 1 : size)) as [number, number, number];
  const repeat = groups.map((size, group) => size / keep[group]!) as [number, number, number];
  sumRepeats.encode(
    tape,
    { full, dx },
    {
      count: dx.size,
      matrix: sizes.rows * sizes.cols,
      size1: groups[1],
      size2: groups[2],
      keep1: keep[1],
      keep2: keep[2],
      repeat0: repeat[0],
      repeat1: repeat[1],
      repeat2: repeat[2],
    },
    {},
  );
  return dx;
}

function checkMatrices(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean) {
  for (const [name, x] of [
    ["a", a],
    ["b", b],
  ] as const) {
    expectFloat("matmul", name, x);
    if (x.shape.length < 2) throw new ShapeError("matmul", name, "at least two axes", showShape(x.shape));
  }
  const [rows, inner] = lastTwo(a, transposeA);
  const [innerB, cols] = lastTwo(b, transposeB);
  if (inner !== innerB)
    throw new ShapeError(
      "matmul",
      "b",
      `a matrix with an inner size of ${inner}, as a ${showShape(a.shape)} has`,
      showShape(b.shape),
    );
  const leading = b.shape.slice(0, -2);
  const batches = broadcastBatches("matmul", a.shape.slice(0, -2), leading);
  const shape = [...batches.shape, rows, cols];
  // Many matrices times a single one equal one tall matrix times that.
  if (!transposeA && sizeOf(leading) === 1)
    return { rows: sizeOf(a.shape.slice(0, -1)), cols, inner, shape, batches: ONE_MATRIX };
  return { rows, cols, inner, shape, batches };
}

function lastTwo({ shape }: Tensor, transposed: boolean): [number, number] {
  const [m, n] = shape.slice(-2) as [number, number];
  return transposed ? [n, m] : [m, n];
}
