import type { Device } from "../engine/device.ts";
import type { FloatType } from "../engine/tensor.ts";

/**
 * What a run's `precision` comes to on a device: f16 only where its shaders have the type. The warning says so otherwise, and where the
 * driver's f16 is known to be faulty.
 */
export function activationType(
  device: Pick<Device, "features" | "info">,
  precision: FloatType,
): { activation: FloatType; warning?: string } {
  if (precision === "f32") return { activation: precision };
  if (device.features.has("shader-f16"))
    return device.info.halfDoubtful
      ? {
          activation: precision,
          warning: `precision f16: Dawn does not trust f16 of this driver (${device.info.description}), some of which failed Vulkan's conformance tests; 'unfold bench kernels' compares it with float64`,
        }
      : { activation: precision };
  return {
    activation: "f32",
    warning: `precision f16: the adapter ${device.info.name} has no f16 in its shaders (shader-f16), so this run stores f32`,
  };
}
