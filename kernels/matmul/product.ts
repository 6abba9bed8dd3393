import { fill } from "../../engine/accumulate/accumulate.ts";
import type { Tape } from "../../engine/tape.ts";
import { viewOf, type Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";
import type { Batches } from "./batches.ts";
import { productKernels } from "./product_kernels.ts";
import { chunkOf, productVariants } from "./variant.ts";

/** In the order of their codes in the shaders. */
export const ACTIVATIONS = ["none", "relu", "silu", "gelu", "sigmoid", "tanh"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export interface ProductSizes {
  readonly rows: number;
  readonly cols: number;
  readonly inner: number;
  /** Default: one matrix each. */
  readonly batches?: Pick<Batches, "sizes" | "a" | "b">;
  /** The layout of a if its stored rows or its matrices are not contiguous: they may overlap, or have gaps. */
  readonly windows?: Windows;
}

/** Elements from the start of a row (a matrix) to the start of the next. Multiples of 4: a variant may load four at a time. */
export interface Windows {
  readonly row: number;
  readonly matrix: number;
}

export interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** y += instead of y =; for a product alone, without bias, activation or `pre`. */
  readonly accumulate?: boolean;
  /** `[cols]`, f32, added to every row. */
  readonly bias?: Tensor | undefined;
  readonly activation?: Activation;
  /** Gets the input of the activation, which backward needs. Same shape and type as y. */
  readonly pre?: Tensor | undefined;
}

export const ONE_MATRIX = { sizes: [1, 1, 1], a: [0, 0, 0], b: [0, 0, 0] } as const;

/**
 * Encodes y = activation(op(a) · op(b) + bias), batch by batch. The caller has checked the shapes. a, b and y may each be
 * f16; sums are f32.
 *
 * A split sum is computed in two stages: the product of every part, and the sum over the parts, always in the same
 * order.
 */
export function encodeProduct(
  tape: Tape,
  a: Tensor,
  b: Tensor,
  y: Tensor,
  sizes: ProductSizes,
  options: ProductOptions = {},
): void {
  const { rows, cols, inner, batches = ONE_MATRIX, windows } = sizes;
  const { transposeA = false, transposeB = false, accumulate = false, bias, activation = "none", pre } = options;
  const [size0, size1, size2] = batches.sizes;
  const matrices = size0 * size1 * size2;
  const choice = { matrices, rows, cols, inner, transposeA, transposeB, half: a.dtype === "f16" && b.dtype === "f16" };
  const kernel = productKernels[productVariants.choose(tape.device, choice)];
  const isBare = !bias && activation === "none" && !pre;
  if (accumulate && !isBare) throw new Error("matmul: only a product alone is added to y, without bias and activation");
  const isSum = isBare && y.dtype === "f32";
  const chunk = isSum ? chunkOf(choice, tape.device, kernel.tileRows, kernel.tileCols) : inner;
  const splits = inner === 0 ? 1 : Math.ceil(inner / chunk);
  const parts = splits > 1 ? tape.empty([matrices, splits, rows, cols]) : y;
  const [a0, a1, a2] = batches.a.map((stride) => stride * (windows?.matrix ?? rows * inner)) as [
    number,
    number,
    number,
  ];
  const [b0, b1, b2] = batches.b.map((stride) => stride * inner * cols) as [number, number, number];
  kernel.encode(
    tape,
    // Every binding of a shader needs a buffer, even those that a constant switches off.
    { a, b, bias: bias ?? tape.empty([4]), y: parts, pre: pre ?? tape.empty([4], y.dtype) },
    {
      rows,
      cols,
      inner,
      size0,
      size1,
      size2,
      a0,
      a1,
      a2,
      b0,
      b1,
      b2,
      splits,
      chunk,
      stride_a: windows?.row ?? (transposeA ? rows : inner),
      accumulate: Number(accumulate && splits === 1),
    },
    {
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      HAS_BIAS: bias !== undefined,
      ACTIVATION: ACTIVATIONS.indexOf(activation),
      STORE_PRE: pre !== undefined,
    },
  );
  if (splits === 1) return;
  if (!accumulate) fill(tape, y, 0);
  addPartialSums(tape, viewOf(parts, [splits, rows * cols]), viewOf(y, [rows * cols]));
}
