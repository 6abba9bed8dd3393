import type { Device } from "../engine/device.ts";
import type { FloatType } from "../engine/tensor.ts";

/** What a run's `precision` comes to on a device: f16 only where its shaders have the type. The warning says so otherwise. */
export function activationType(device: Device, precision: FloatType): { activation: FloatType; warning?: string } {
  if (precision === "f32" || device.features.has("shader-f16")) return { activation: precision };
  return { activation: "f32", warning: `precision f16: the adapter ${device.info.name} has no f16 in its shaders (shader-f16), so this run stores f32` };
}
