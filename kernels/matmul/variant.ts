import { defineVariants, type VariantDevice } from "../../engine/tuning/variants.ts";

/** What determines the fastest kernel for a product. */
export type ProductChoice = Readonly<{
  matrices: number;
  rows: number;
  cols: number;
  inner: number;
  transposeA: boolean;
  transposeB: boolean;
  /** Both operands are f16. */
  half: boolean;
}>;

/**
 * Multiplications below which the plain variant computes a product: it compiles in a fraction of the time; a tile takes about a
 * second on a software driver.
 */
const WORTH_A_TILE = 1 << 16;

/** Workgroups that keep a large GPU busy: two for each of an H100's 132 multiprocessors. Fewer hardly hurt a small one. */
const GPU_WORKGROUPS = 264;

/** Columns of op(a) that justify a second stage over all of y: a tile of them takes ten times as long as adding its part. */
const LEAST_CHUNK = 128;

const MATRIX_FEATURES = ["shader-f16", "chromium-experimental-subgroup-matrix"];

export const productVariants = defineVariants("matmul", {
  variants: {
    plain: {},
    register_tile: { adapters: "software" },
    quad_tile: {
      adapters: "software",
      requires: ["subgroups"],
      fits: (sizes: ProductChoice, device) => inBlocksOfFour(sizes) && hasLanes(device, 4),
    },
    subgroup_tile: {
      adapters: "software",
      requires: ["subgroups"],
      fits: (sizes, device) => inBlocksOfFour(sizes) && hasLanes(device, 8),
    },
    subgroup_tile_any: {
      adapters: "software",
      requires: ["subgroups"],
      fits: ({ inner }, device) => inner > 0 && hasLanes(device, 8),
    },
    workgroup_tile_any: {},
    workgroup_tile_64: { fits: inBlocksOfFour },
    workgroup_tile_128: {
      fits: (sizes, { limits }) => inBlocksOfFour(sizes) && limits.maxComputeWorkgroupStorageSize >= 16_896,
    },
    subgroup_matrix_64: { requires: MATRIX_FEATURES, fits: (sizes, device) => onMatrixUnits(sizes, device, 15_488) },
    subgroup_matrix_128: { requires: MATRIX_FEATURES, fits: (sizes, device) => onMatrixUnits(sizes, device, 30_848) },
  },
  defaults: (sizes, { isSoftware }) => {
    if (sizes.matrices * sizes.rows * sizes.cols * sizes.inner < WORTH_A_TILE) return ["plain"];
    if (isSoftware) return ["subgroup_tile", "subgroup_tile_any", "quad_tile", "register_tile"];
    // The largest tile size with enough tiles.
    if (parallelTiles(sizes, 128) >= GPU_WORKGROUPS / 2)
      return ["subgroup_matrix_128", "workgroup_tile_128", "workgroup_tile_any"];
    if (parallelTiles(sizes, 64) >= GPU_WORKGROUPS / 4)
      return ["subgroup_matrix_64", "workgroup_tile_64", "workgroup_tile_any"];
    return ["subgroup_matrix_64", "workgroup_tile_any"];
  },
});

export type ProductVariant = (typeof productVariants.names)[number];

const hasLanes = ({ info }: VariantDevice, lanes: number): boolean => info.subgroupMinSize >= lanes;

/** Subgroups of 32 threads can multiply blocks of 16 x 16 f16, summing in f32, and there is enough workgroup memory. */
function onMatrixUnits(sizes: ProductChoice, { info, limits }: VariantDevice, workgroupBytes: number): boolean {
  const { subgroupMinSize, subgroupMaxSize, subgroupMatrices = [] } = info;
  const multiplies = subgroupMatrices.some(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === "f16" && resultComponentType === "f32" && M === 16 && N === 16 && K === 16,
  );
  return (
    sizes.half &&
    inBlocksOfFour(sizes) &&
    multiplies &&
    subgroupMinSize === 32 &&
    subgroupMaxSize === 32 &&
    limits.maxComputeWorkgroupStorageSize >= workgroupBytes
  );
}

/** The contiguous axis of both operands and of the result can be read as vec4. */
function inBlocksOfFour({ rows, cols, inner, transposeA, transposeB }: ProductChoice): boolean {
  const contiguous = [transposeA ? rows : inner, transposeB ? inner : cols, cols];
  return inner > 0 && contiguous.every((size) => size % 4 === 0);
}

const tilesOf = ({ matrices, rows, cols }: ProductChoice, tileRows: number, tileCols: number): number =>
  matrices * Math.ceil(rows / tileRows) * Math.ceil(cols / tileCols);

/** Square tiles that can be computed in parallel; for the gradient of a weight, with its sum split. */
const parallelTiles = (sizes: ProductChoice, tile: number): number =>
  tilesOf(sizes, tile, tile) * (sizes.transposeA && !sizes.transposeB ? mostSplits(sizes) : 1);

const mostSplits = ({ matrices, inner }: ProductChoice): number =>
  matrices > 1 ? 1 : Math.max(1, Math.floor(inner / LEAST_CHUNK));

/**
 * Splits a product's sum over `inner`, so that one with few tiles and long sums, such as a weight's
 * gradient, still fills a GPU. On a CPU a few tiles are enough.
 *
 * @returns the columns of op(a) that a part sums, a multiple of every variant's step
 */
export function chunkOf(
  sizes: ProductChoice,
  { isSoftware }: Pick<VariantDevice, "isSoftware">,
  tileRows: number,
  tileCols: number,
): number {
  const wanted = isSoftware ? 1 : Math.floor(GPU_WORKGROUPS / tilesOf(sizes, tileRows, tileCols));
  const splits = Math.max(1, Math.min(mostSplits(sizes), wanted));
  return splits === 1 ? sizes.inner : Math.ceil(sizes.inner / splits / 32) * 32;
}
