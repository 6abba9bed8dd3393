import type { Device } from "../../engine/device.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { ProductVariant } from "./variant.ts";

const CONSTANTS = ["TRANSPOSE_A", "TRANSPOSE_B", "HAS_BIAS", "ACTIVATION", "STORE_PRE"] as const;

const declaration = {
  bindings: { a: "read", b: "read", bias: "read", y: "read_write", pre: "read_write" },
  sizes: {
    rows: "u32",
    cols: "u32",
    inner: "u32",
    size0: "u32",
    size1: "u32",
    size2: "u32",
    a0: "u32",
    a1: "u32",
    a2: "u32",
    b0: "u32",
    b1: "u32",
    b2: "u32",
    splits: "u32",
    chunk: "u32",
    stride_a: "u32",
    accumulate: "u32",
  },
  work: ({
    rows,
    cols,
    inner,
    size0,
    size1,
    size2,
  }: Readonly<Record<"rows" | "cols" | "inner" | "size0" | "size1" | "size2", number>>) =>
    rows * cols * inner * size0 * size1 * size2,
} as const;

type Bindings = Readonly<Record<keyof typeof declaration.bindings, Tensor>>;
type Sizes = Readonly<Record<keyof typeof declaration.sizes, number>>;
type Constants = Readonly<Record<(typeof CONSTANTS)[number], number | boolean>>;

/** A kernel of the product and the rows and columns of y that one of its workgroups computes. */
export interface ProductKernel {
  readonly tileRows: number;
  readonly tileCols: number;
  encode(target: { readonly device: Device }, bindings: Bindings, sizes: Sizes, constants: Constants): void;
}

const file = (name: ProductVariant | "workgroup_tile" | "subgroup_matrix"): URL =>
  new URL(`./${name}.wgsl`, import.meta.url);

/** One workgroup per tile, matrix and part of the sum. */
const tiles = ({ rows, cols, size0, size1, size2, splits }: Sizes, tileRows: number, tileCols: number) =>
  [Math.ceil(cols / tileCols), Math.ceil(rows / tileRows), size0 * size1 * size2 * splits] as const;

function fixedTile(name: ProductVariant, tileRows: number, tileCols: number): ProductKernel {
  const kernel = defineKernel({
    ...declaration,
    file: file(name),
    constants: CONSTANTS,
    workgroups: (sizes: Sizes) => tiles(sizes, tileRows, tileCols),
  });
  return { tileRows, tileCols, encode: kernel.encode };
}

/** A kernel whose shader has the size of its square tiles as a constant: one per size. */
function squareTile(name: "workgroup_tile" | "subgroup_matrix"): (TILE: number) => ProductKernel {
  const kernel = defineKernel({
    ...declaration,
    file: file(name),
    constants: [...CONSTANTS, "TILE"],
    workgroups: (sizes: Sizes, { TILE }) => tiles(sizes, Number(TILE), Number(TILE)),
  });
  return (TILE) => ({
    tileRows: TILE,
    tileCols: TILE,
    encode: (target, bindings, sizes, constants) => kernel.encode(target, bindings, sizes, { ...constants, TILE }),
  });
}

const workgroupTile = squareTile("workgroup_tile");
const subgroupMatrix = squareTile("subgroup_matrix");

export const productKernels: Readonly<Record<ProductVariant, ProductKernel>> = {
  plain: fixedTile("plain", 8, 8),
  register_tile: fixedTile("register_tile", 8, 32),
  quad_tile: fixedTile("quad_tile", 12, 16),
  subgroup_tile: fixedTile("subgroup_tile", 16, 32),
  subgroup_tile_any: fixedTile("subgroup_tile_any", 16, 32),
  workgroup_tile_any: fixedTile("workgroup_tile_any", 32, 32),
  workgroup_tile_64: workgroupTile(64),
  workgroup_tile_128: workgroupTile(128),
  subgroup_matrix_64: subgroupMatrix(64),
  subgroup_matrix_128: subgroupMatrix(128),
};
