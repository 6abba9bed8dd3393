import type { Device } from "./device.ts";
import type { FloatType } from "./tensor.ts";

/**
 * The activation type for a run's `precision` on a device: f16 only if its shaders support it. Warns if they do not, or if the
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
          warning: `precision f16: Dawn does not trust this driver's f16 (${device.info.description}), parts of which failed Vulkan's conformance tests; 'unfold bench kernels' compares it with float64`,
        }
      : { activation: precision };
  return {
    activation: "f32",
    warning: `precision f16: the adapter ${device.info.name} does not support f16 in shaders (shader-f16), so this run uses f32`,
  };
}
