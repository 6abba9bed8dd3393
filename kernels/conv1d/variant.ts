import { defineVariants, type VariantDevice } from "../../engine/tuning/variants.ts";
import { convolutionVariants, preferred, type ConvolutionChoice } from "../conv2d/variant.ts";

export type Conv1dChoice = ConvolutionChoice &
  Readonly<{
    /** The product's kernels compute it: see windows.ts. */
    windows: boolean;
  }>;

const variants = { ...convolutionVariants, product: { fits: ({ windows }: Conv1dChoice) => windows } };

/**
 * Where the product's kernels can, they compute the result and the weight's gradient. On a CPU they are two to three times as fast as
 * `direct`, and about ten times on SwiftShader: their tiles load an element less often. On a GPU, where neither has been measured, they have
 * the tiles of `workgroup_tile` without its index arithmetic, and f16 on matrix units, which no other variant uses.
 */
const productFirst = (others: typeof preferred.forResult) => (sizes: Conv1dChoice, device: VariantDevice) =>
  ["product", ...others(sizes, device)] as const;

/** Backward to the input, the product needs the columns in memory, `taps / stride` times dx, and a GPU's tiles do not. */
const onCpuProductFirst = (sizes: Conv1dChoice, device: VariantDevice) =>
  device.isSoftware ? productFirst(preferred.forResult)(sizes, device) : preferred.forResult(sizes, device);

export const conv1dVariants = {
  forward: defineVariants("conv1d", { variants, defaults: productFirst(preferred.forResult) }),
  backwardInput: defineVariants("conv1d_backward_input", { variants, defaults: onCpuProductFirst }),
  backwardParams: defineVariants("conv1d_backward_params", { variants, defaults: productFirst(preferred.forWeight) }),
};
