import type { Device } from "../../engine/device.ts";

/** Each is a shader of that name beside this file, which says how it works. */
export const VARIANTS = ["plain", "quad_tile", "register_tile", "subgroup_tile", "subgroup_tile_any", "workgroup_tile"] as const;
export type Variant = (typeof VARIANTS)[number];

export interface VariantSizes {
  readonly matrices: number;
  readonly rows: number;
  readonly cols: number;
  readonly inner: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** What the choice depends on, of a device. */
export interface VariantDevice extends Pick<Device, "isSoftware" | "features"> {
  readonly info: { readonly subgroupMinSize: number };
}

/** True if the variant can compute these sizes on this device. */
export function fits(variant: Variant, sizes: VariantSizes, device: VariantDevice): boolean {
  switch (variant) {
    case "plain":
    case "register_tile":
    case "workgroup_tile":
      return true;
    case "subgroup_tile":
      return inBlocksOfFour(sizes) && hasLanes(device, 8);
    case "quad_tile":
      return inBlocksOfFour(sizes) && hasLanes(device, 4);
    case "subgroup_tile_any":
      return sizes.inner > 0 && hasLanes(device, 8);
  }
}

const hasLanes = ({ features, info }: VariantDevice, lanes: number): boolean => features.has("subgroups") && info.subgroupMinSize >= lanes;

/** The contiguous axis of both operands and of the result can be read as vec4. */
function inBlocksOfFour({ rows, cols, inner, transposeA, transposeB }: VariantSizes): boolean {
  const contiguous = [transposeA ? rows : inner, transposeB ? inner : cols, cols];
  return inner > 0 && contiguous.every((size) => size % 4 === 0);
}

/**
 * Multiplications below which a product is left to the plain variant: it compiles in a fraction of the time, about a
 * second for a tile on a software driver.
 */
const WORTH_A_TILE = 1 << 16;

/** Fastest first; the last fits everything. */
const SOFTWARE_TILES = ["subgroup_tile", "subgroup_tile_any", "quad_tile", "register_tile"] as const;

/** The fastest variant that fits these sizes on this device; `preferred` comes first if it fits. */
export function chooseVariant(sizes: VariantSizes, device: VariantDevice, preferred?: Variant): Variant {
  const { matrices, rows, cols, inner } = sizes;
  const tiles: readonly Variant[] = device.isSoftware ? SOFTWARE_TILES : ["workgroup_tile"];
  const order = [...(preferred ? [preferred] : []), ...(matrices * rows * cols * inner < WORTH_A_TILE ? [] : tiles)];
  return order.find((variant) => fits(variant, sizes, device)) ?? "plain";
}
