import type { Device } from "../../engine/device.ts";
import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectShape, expectType } from "../../engine/shape.ts";
import { release, type Tensor } from "../../engine/tensor.ts";
import { emptyTensor } from "../../engine/transfer.ts";
import { wholeQuads } from "../whole_quads.ts";

const kernel = defineKernel({
  file: new URL("./adamw.wgsl", import.meta.url),
  bindings: {
    scale: "read",
    corrections: "read",
    grads: "read",
    values: "read_write",
    first_moment: "read_write",
    second_moment: "read_write",
    half: "read_write",
  },
  sizes: {
    quads: "u32",
    learning_rate: "f32",
    beta1: "f32",
    beta2: "f32",
    eps: "f32",
    weight_decay: "f32",
    correction1: "f32",
    correction2: "f32",
  },
  constants: ["DECOUPLED", "COUNTED_ON_DEVICE", "STORE_HALF"],
  workgroups: ({ quads }) => [Math.min(65535, spread(quads, 128)[0])],
});

/** Four tensors of one shape: those that an optimiser updates, and the gradient. */
export interface AdamwTensors {
  readonly values: Tensor;
  readonly grads: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** Same shape in f16: gets the new values, rounded. A skipped step leaves it unchanged. */
  readonly half?: Tensor | undefined;
}

export interface AdamwOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Counts from 1; or the bias corrections 1 / (1 - βᵗ), `[2]`, where steps are counted on the device: see `scaledUpdate`. */
  readonly step: number | Tensor;
  /** One element, a factor of the gradients; a negative one, which `clipFactor` gives for an infinite norm, skips the step. */
  readonly gradientScale: Tensor;
  /** False for Adam, whose weight decay is added to the gradient. */
  readonly decoupled?: boolean;
}

/** One AdamW step in place, in one dispatch. */
export function adamw(on: { readonly device: Device }, tensors: AdamwTensors, options: AdamwOptions): void {
  const { values, grads, firstMoment, secondMoment, half } = tensors;
  const { learningRate, beta1, beta2, gradientScale, step, decoupled = true } = options;
  for (const [name, x] of Object.entries({ grads, firstMoment, secondMoment, ...(half && { half }) }))
    expectShape("adamw", name, x, values.shape);
  if (half) expectType("adamw", "half", half, "f16");
  const counted = typeof step === "number";
  // Dummies are bound for what is absent; they are neither read nor written.
  const unused = emptyTensor(on.device, [4]);
  const whole = wholeQuads(values);
  kernel.encode(
    on,
    {
      scale: gradientScale,
      corrections: counted ? gradientScale : step,
      grads: wholeQuads(grads),
      values: whole,
      first_moment: wholeQuads(firstMoment),
      second_moment: wholeQuads(secondMoment),
      half: half ? wholeQuads(half) : unused,
    },
    {
      quads: whole.size / 4,
      learning_rate: learningRate,
      beta1,
      beta2,
      eps: options.eps,
      weight_decay: options.weightDecay,
      correction1: counted ? 1 / (1 - beta1 ** step) : 0,
      correction2: counted ? 1 / (1 - beta2 ** step) : 0,
    },
    { DECOUPLED: decoupled, COUNTED_ON_DEVICE: !counted, STORE_HALF: half !== undefined },
  );
  release(unused);
}
