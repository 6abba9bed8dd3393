import type { Device } from "../../engine/device.ts";
import { overElements } from "../../engine/grid.ts";
import { defineKernel } from "../../engine/kernel.ts";
import { expectShape } from "../../engine/shape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const step = defineKernel({
  file: new URL("./adamw.wgsl", import.meta.url),
  bindings: { scale: "read", grads: "read", values: "read_write", first_moment: "read_write", second_moment: "read_write" },
  sizes: { count: "u32", learning_rate: "f32", beta1: "f32", beta2: "f32", eps: "f32", weight_decay: "f32", correction1: "f32", correction2: "f32" },
  constants: ["DECOUPLED"],
  workgroups: ({ count }) => overElements(count),
});

/** Four tensors of one shape: what an optimiser updates, and from what. */
export interface AdamwTensors {
  readonly values: Tensor;
  readonly grads: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

export interface AdamwOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Counts from 1. */
  readonly step: number;
  /** One element that gradients are multiplied by; negative, as `clipFactor` gives it for an infinite norm, skips the step. */
  readonly gradientScale: Tensor;
  /** False for Adam, whose weight decay is added to the gradient. */
  readonly decoupled?: boolean;
}

/** One AdamW step in place, in one dispatch. */
export function adamw(on: { readonly device: Device }, tensors: AdamwTensors, options: AdamwOptions): void {
  const { values, grads, firstMoment, secondMoment } = tensors;
  const { learningRate, beta1, beta2, gradientScale, decoupled = true } = options;
  for (const [name, x] of Object.entries({ grads, firstMoment, secondMoment })) expectShape("adamw", name, x, values.shape);
  step.encode(
    on,
    { scale: gradientScale, grads, values, first_moment: firstMoment, second_moment: secondMoment },
    {
      count: values.size,
      learning_rate: learningRate,
      beta1,
      beta2,
      eps: options.eps,
      weight_decay: options.weightDecay,
      correction1: 1 / (1 - beta1 ** options.step),
      correction2: 1 / (1 - beta2 ** options.step),
    },
    { DECOUPLED: decoupled },
  );
}
