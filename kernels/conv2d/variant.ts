import { defineVariants, type Variant, type VariantDevice } from "../../engine/tuning/variants.ts";

/** A convolution as a product: `groups` of them, [rows, taps · depth] by [taps · depth, cols]. */
export type ConvolutionChoice = Readonly<{
  groups: number;
  /** Positions of the result; for the weight's gradient, those summed over. */
  rows: number;
  taps: number;
  /** Channels of a group that are summed over; for the weight's gradient, the input's. */
  depth: number;
  /** Channels of a group of the result; for the weight's gradient, the output's. */
  cols: number;
}>;

/** Two workgroups of 256 threads, or eight of 64, for each of an H100's 132 multiprocessors. */
export const WORKGROUPS = { workgroup_tile_128: 264, workgroup_tile_64: 1056, workgroup_tile_any: 1056 } as const;
export type TileVariant = keyof typeof WORKGROUPS;
export const tileOf = (variant: TileVariant): number =>
  ({ workgroup_tile_128: 128, workgroup_tile_64: 64, workgroup_tile_any: 32 })[variant];

const inBlocksOfFour = ({ depth, cols }: ConvolutionChoice): boolean => depth % 4 === 0 && cols % 4 === 0;

/** `direct` needs no workgroup memory and no repacked weight: for drivers that run on a CPU. */
export const convolutionVariants: Readonly<Record<"direct" | TileVariant, Variant<ConvolutionChoice>>> = {
  direct: { adapters: "software" },
  workgroup_tile_any: {},
  workgroup_tile_64: { fits: inBlocksOfFour },
  workgroup_tile_128: {
    fits: (sizes, { limits }) => inBlocksOfFour(sizes) && limits.maxComputeWorkgroupStorageSize >= 16_896,
  },
};

/** The preferred variants: for a result of positions, forward or backward to the input; and for the weight's gradient, with a row per tap and channel. */
export const preferred = {
  forResult: tilesOver(({ rows }) => rows),
  forWeight: tilesOver(({ taps, depth }) => taps * depth, true),
};

export type Conv2dChoice = ConvolutionChoice &
  Readonly<{
    /** The product's kernels can compute it: see windows.ts. */
    windows: boolean;
  }>;

const conv2d: Readonly<Record<"direct" | TileVariant | "product", Variant<Conv2dChoice>>> = {
  ...convolutionVariants,
  product: { adapters: "software", fits: ({ windows }) => windows },
};

/** On a CPU the product, where its tiles of 32 columns are at least filled. */
const productOnCpu =
  (others: typeof preferred.forResult) =>
  (sizes: Conv2dChoice, device: VariantDevice): readonly ("direct" | TileVariant | "product")[] =>
    device.isSoftware && Math.min(sizes.depth, sizes.cols) >= 32
      ? ["product", ...others(sizes, device)]
      : others(sizes, device);

/** The choices of one operation: forward, backward to the input, backward to the weight. */
export const conv2dVariants = {
  forward: defineVariants("conv2d", { variants: conv2d, defaults: productOnCpu(preferred.forResult) }),
  backwardInput: defineVariants("conv2d_backward_input", {
    variants: conv2d,
    defaults: productOnCpu(preferred.forResult),
  }),
  backwardParams: defineVariants("conv2d_backward_params", {
    variants: conv2d,
    defaults: productOnCpu(preferred.forWeight),
  }),
};

/** On a GPU the larger tile, unless it would be half empty or leave most of the GPU idle, which never happens when the sum is split. */
function tilesOver(rowsOf: (sizes: ConvolutionChoice) => number, split = false) {
  return (sizes: ConvolutionChoice, { isSoftware }: VariantDevice) => {
    if (isSoftware) return ["direct"] as const;
    const tiles = sizes.groups * Math.ceil(rowsOf(sizes) / 128) * Math.ceil(sizes.cols / 128);
    const large = sizes.cols > 64 && (split || tiles >= WORKGROUPS.workgroup_tile_128 / 2);
    return large
      ? (["workgroup_tile_128", "workgroup_tile_64", "workgroup_tile_any"] as const)
      : (["workgroup_tile_64", "workgroup_tile_any"] as const);
  };
}
