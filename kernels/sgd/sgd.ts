import type { Device } from "../../engine/device.ts";
import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectShape } from "../../engine/shape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { wholeQuads } from "../whole_quads.ts";

const kernel = defineKernel({
  file: new URL("./sgd.wgsl", import.meta.url),
  bindings: { grads: "read", values: "read_write", velocity: "read_write", scale: "read" },
  sizes: { quads: "u32", learning_rate: "f32", momentum: "f32", weight_decay: "f32", first: "u32", nesterov: "u32" },
  constants: ["SCALED"],
  workgroups: ({ quads }) => [Math.min(65535, spread(quads, 128)[0])],
});

export interface SgdOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  /** Counts from 1; the first step starts the velocity. */
  readonly step: number;
  /** One element, a factor of the gradients; a negative one, which `clipFactor` gives for an infinite norm, skips the step. */
  readonly gradientScale?: Tensor;
}

/** One step of SGD with momentum in place, in one dispatch. All tensors have the shape of `values`. */
export function sgd(
  on: { readonly device: Device },
  tensors: { values: Tensor; grads: Tensor; velocity: Tensor },
  options: SgdOptions,
): void {
  const { values, grads, velocity } = tensors;
  expectShape("sgd", "grads", grads, values.shape);
  expectShape("sgd", "velocity", velocity, values.shape);
  const { learningRate: learning_rate, momentum = 0, nesterov = false, weightDecay: weight_decay = 0, step } = options;
  const scale = options.gradientScale;
  const whole = { grads: wholeQuads(grads), values: wholeQuads(values), velocity: wholeQuads(velocity) };
  kernel.encode(
    on,
    { ...whole, scale: scale ?? whole.grads },
    {
      quads: whole.values.size / 4,
      learning_rate,
      momentum,
      weight_decay,
      first: step === 1 ? 1 : 0,
      nesterov: nesterov ? 1 : 0,
    },
    { SCALED: scale !== undefined },
  );
}
