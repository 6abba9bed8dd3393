import type { Parameters } from "../engine/parameters.ts";
import { hash } from "../engine/random.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { batchNorm, type BatchNormOptions } from "../kernels/batch_norm/batch_norm.ts";
import { conv1d, type Conv1dOptions } from "../kernels/conv1d/conv1d.ts";
import { conv2d, type Conv2dOptions } from "../kernels/conv2d/conv2d.ts";
import { dropout } from "../kernels/dropout/dropout.ts";
import { embedding } from "../kernels/embedding/embedding.ts";
import { groupNorm, type GroupNormOptions } from "../kernels/group_norm/group_norm.ts";
import { layerNorm, type LayerNormOptions } from "../kernels/layer_norm/layer_norm.ts";
import { linear, type Activation } from "../kernels/linear/linear.ts";
import { declareNorm, fanIn, ones, standardNormal, zeros } from "./weights.ts";

/**
 * A function of one tensor that has its parameters with it. `relu`, `tanh` and every other operation of one tensor is one too, so
 * `sequential` takes both. Parameters have PyTorch's names and shapes, and its initialisation.
 */
export type Layer = (tape: Tape, x: Tensor) => Tensor;

/** One layer after another. */
export const sequential =
  (...layers: readonly Layer[]): Layer =>
  (tape, x) =>
    layers.reduce((h, layer) => layer(tape, h), x);

interface Bias {
  /** Default true. */
  readonly bias?: boolean;
}

/** x Wᵀ + b on the last axis, `[…, inputs]` to `[…, outputs]`, with an activation in the same kernel. */
export function linearLayer(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  { bias = true, activation = "none" }: Bias & { readonly activation?: Activation } = {},
): Layer {
  const { weight, bias: b } = declareWeight(parameters, name, [outputs, inputs], bias);
  return (tape, x) => linear(tape, x, weight, b, activation);
}

/** A row of `channels` numbers for each of `count` indices: i32 of any shape to `[…, channels]`. */
export function embeddingLayer(parameters: Parameters, name: string, count: number, channels: number): Layer {
  const weight = parameters.add(`${name}.weight`, [count, channels], { init: standardNormal });
  return (tape, indices) => embedding(tape, indices, weight);
}

/** `conv1d` with its weights: `[batch, frames, inputs]` to `[batch, outFrames, outputs]`. */
export function conv1dLayer(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  kernel: number,
  { bias = true, ...options }: Bias & Conv1dOptions = {},
): Layer {
  const shape = [outputs, inputs / (options.groups ?? 1), kernel];
  const { weight, bias: b } = declareWeight(parameters, name, shape, bias);
  return (tape, x) => conv1d(tape, x, weight, b, options);
}

/** `conv2d` with its weights: `[batch, height, width, inputs]` to `[batch, outHeight, outWidth, outputs]`. */
export function conv2dLayer(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  kernel: number | readonly [height: number, width: number],
  { bias = true, ...options }: Bias & Conv2dOptions = {},
): Layer {
  const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  const { weight, bias: b } = declareWeight(parameters, name, [outputs, inputs, height, width], bias);
  return (tape, x) => conv2d(tape, x, weight, b, options);
}

/** `layerNorm` over the last axis, of `channels`. */
export function layerNormLayer(
  parameters: Parameters,
  name: string,
  channels: number,
  options: LayerNormOptions = {},
): Layer {
  const { scale, shift } = declareNorm(parameters, name, channels);
  return (tape, x) => layerNorm(tape, x, scale, shift, options);
}

/** `groupNorm` over all axes between the first and the last, of `channels`. */
export function groupNormLayer(
  parameters: Parameters,
  name: string,
  channels: number,
  options: GroupNormOptions,
): Layer {
  const { scale, shift } = declareNorm(parameters, name, channels);
  return withThreeAxes((tape, x) => groupNorm(tape, x, scale, shift, options));
}

/** `batchNorm` over all axes but the last, of `channels`: by the batch while the tape trains, else by the running statistics. */
export function batchNormLayer(
  parameters: Parameters,
  name: string,
  channels: number,
  options: Omit<BatchNormOptions, "training" | "lengths"> = {},
): Layer {
  const { scale, shift } = declareNorm(parameters, name, channels);
  const running = {
    mean: parameters.addBuffer(`${name}.running_mean`, [channels], zeros),
    variance: parameters.addBuffer(`${name}.running_var`, [channels], ones),
  };
  return withThreeAxes((tape, x) => batchNorm(tape, x, scale, shift, running, { ...options, training: tape.training }));
}

/**
 * `dropout` while the tape trains. What it drops depends on the tape's seed and step and on the name, so give each its own name and the
 * tape its step: `new Tape(device, { step: optimizer.steps })`.
 */
export function dropoutLayer(name: string, rate: number): Layer {
  const site = hash(...[...name].map((letter) => letter.charCodeAt(0)));
  return (tape, x) => dropout(tape, x, rate, site);
}

function declareWeight(parameters: Parameters, name: string, shape: readonly number[], bias: boolean) {
  const init = fanIn(shape.slice(1).reduce((product, n) => product * n));
  return {
    weight: parameters.add(`${name}.weight`, shape, { init }),
    bias: bias ? parameters.add(`${name}.bias`, [shape[0]!], { init, decay: false }) : undefined,
  };
}

/** Images are to norms what frames are. */
const withThreeAxes =
  (layer: Layer): Layer =>
  (tape, x) =>
    x.shape.length <= 3
      ? layer(tape, x)
      : tape.reshape(layer(tape, tape.reshape(x, [x.shape[0]!, -1, x.shape.at(-1)!])), x.shape);
