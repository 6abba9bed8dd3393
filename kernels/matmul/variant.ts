import type { Device } from "../../engine/device.ts";

export type Variant = "plain";

export interface VariantSizes {
  readonly rows: number;
  readonly cols: number;
  readonly inner: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** The fastest variant that fits these sizes on this device. */
export function chooseVariant(_sizes: VariantSizes, _device: Pick<Device, "isSoftware">): Variant {
  return "plain";
}
