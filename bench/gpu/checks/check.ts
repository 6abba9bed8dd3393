import type { Device } from "../../../engine/device.ts";

/** Something that a GPU should compute correctly. */
export interface Check {
  readonly name: string;
  /** Returns what is wrong, or undefined. */
  readonly run: (device: Device) => Promise<string | undefined>;
}
