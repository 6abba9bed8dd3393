import type { Device } from "../../engine/device.ts";

/** Something that a GPU should compute right. */
export interface Check {
  readonly name: string;
  /** What is wrong, or undefined. */
  readonly run: (device: Device) => Promise<string | undefined>;
}
