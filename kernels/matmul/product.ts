import { defineKernel } from "../../engine/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Batches } from "./batches.ts";
import { chooseVariant, type Variant } from "./variant.ts";

/** In the order of their codes in the shaders. */
export const ACTIVATIONS = ["none", "relu", "silu", "gelu", "sigmoid", "tanh"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

const declaration = {
  bindings: { a: "read", b: "read", bias: "read", y: "read_write", pre: "read_write" },
  sizes: {
    rows: "u32", cols: "u32", inner: "u32", size0: "u32", size1: "u32", size2: "u32",
    a0: "u32", a1: "u32", a2: "u32", b0: "u32", b1: "u32", b2: "u32",
  },
  constants: ["TRANSPOSE_A", "TRANSPOSE_B", "ACCUMULATE", "HAS_BIAS", "ACTIVATION", "STORE_PRE"],
} as const;

type Dispatched = Readonly<Record<keyof typeof declaration.sizes, number>>;

/** A variant whose workgroups compute tiles of so many rows and columns. */
const variantKernel = (variant: Variant, tileRows: number, tileCols: number) =>
  defineKernel({
    ...declaration,
    file: new URL(`./${variant}.wgsl`, import.meta.url),
    workgroups: ({ rows, cols, size0, size1, size2 }: Dispatched) =>
      [Math.ceil(cols / tileCols), Math.ceil(rows / tileRows), size0 * size1 * size2],
  });

const kernels = {
  plain: variantKernel("plain", 8, 8),
  quad_tile: variantKernel("quad_tile", 12, 16),
  register_tile: variantKernel("register_tile", 8, 32),
  subgroup_tile: variantKernel("subgroup_tile", 12, 32),
  subgroup_tile_any: variantKernel("subgroup_tile_any", 8, 32),
  workgroup_tile: variantKernel("workgroup_tile", 32, 32),
} satisfies Record<Variant, unknown>;

export interface ProductSizes {
  readonly rows: number;
  readonly cols: number;
  readonly inner: number;
  /** Default: one matrix each. */
  readonly batches?: Pick<Batches, "sizes" | "a" | "b">;
}

export interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** y += instead of y =. */
  readonly accumulate?: boolean;
  /** `[cols]`, added to every row. */
  readonly bias?: Tensor | undefined;
  readonly activation?: Activation;
  /** Gets what the activation was applied to: backward needs it. Same shape as y. */
  readonly pre?: Tensor | undefined;
  /** For tests and measurements: the variant to take wherever it fits. */
  readonly variant?: Variant | undefined;
}

export const ONE_MATRIX = { sizes: [1, 1, 1], a: [0, 0, 0], b: [0, 0, 0] } as const;

/** Encodes y = activation(op(a) · op(b) + bias), batch by batch. The caller has checked the shapes. */
export function encodeProduct(tape: Tape, a: Tensor, b: Tensor, y: Tensor, sizes: ProductSizes, options: ProductOptions = {}): void {
  const { rows, cols, inner, batches = ONE_MATRIX } = sizes;
  const { transposeA = false, transposeB = false, accumulate = false, bias, activation = "none", pre } = options;
  const [size0, size1, size2] = batches.sizes;
  const matrices = size0 * size1 * size2;
  const variant = chooseVariant({ matrices, rows, cols, inner, transposeA, transposeB }, tape.device, options.variant);
  const [a0, a1, a2] = batches.a.map((stride) => stride * rows * inner) as [number, number, number];
  const [b0, b1, b2] = batches.b.map((stride) => stride * inner * cols) as [number, number, number];
  kernels[variant].encode(
    tape,
    // Every binding of a shader needs a buffer, also those that a constant switches off.
    { a, b, bias: bias ?? b, y, pre: pre ?? tape.empty([4]) },
    { rows, cols, inner, size0, size1, size2, a0, a1, a2, b0, b1, b2 },
    {
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      ACCUMULATE: accumulate,
      HAS_BIAS: bias !== undefined,
      ACTIVATION: ACTIVATIONS.indexOf(activation),
      STORE_PRE: pre !== undefined,
    },
  );
}
