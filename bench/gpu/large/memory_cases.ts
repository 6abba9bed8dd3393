// Work that only moves data: at these sizes nothing stays in a cache, so memory bandwidth is the limit.
import { viewOf } from "../../../engine/tensor.ts";
import { adamw } from "../../../kernels/adamw/adamw.ts";
import { adamwReference } from "../../../kernels/adamw/reference.ts";
import { host } from "../../../kernels/case.ts";
import { depthwiseConv } from "../../../kernels/depthwise_conv/depthwise_conv.ts";
import { depthwiseConvGradients, depthwiseConvReference } from "../../../kernels/depthwise_conv/reference.ts";
import { layerNorm } from "../../../kernels/layer_norm/layer_norm.ts";
import { layerNormGradients, layerNormReference } from "../../../kernels/layer_norm/reference.ts";
import { rowsAlong, softmaxGradients, softmaxReference } from "../../../kernels/softmax/reference.ts";
import { softmax } from "../../../kernels/softmax/softmax.ts";
import { part, someOf, type LargeCase, type Values } from "./case.ts";

const FLOAT = 4; // bytes
const EPS = 1e-5;

/** Forward reads x and writes y; backward reads x and dy and writes dx. */
export function layerNormCase([rows, cols]: readonly [number, number]): LargeCase {
  const size = rows * cols;
  return {
    name: "layer_norm",
    bound: "memory",
    inputs: {
      x: { shape: [rows, cols], range: { scale: 2, offset: 0.5 } },
      scale: { shape: [cols] },
      shift: { shape: [cols] },
    },
    run: (tape, { x, scale, shift }) => layerNorm(tape, x!, scale!, shift!, EPS),
    forward: { flops: 8 * size, bytes: FLOAT * 2 * size },
    both: { flops: 24 * size, bytes: FLOAT * 5 * size },
    spots: (values) => {
      const { at, take } = wholeRows(rows, cols);
      const [x, dy] = [take(values("x")), take(values("dy"))];
      const [scale, shift] = [host([cols], values("scale")), host([cols], values("shift"))];
      const columns = someOf(cols, 8);
      const sums = columnSums(values, rows, cols, columns);
      return [
        { of: "y", at, expected: layerNormReference(x, scale, shift, EPS).data },
        { of: "x", at, expected: layerNormGradients(x, scale, dy, EPS).x.data },
        { of: "scale", at: columns, expected: sums.scale },
        { of: "shift", at: columns, expected: sums.shift },
      ];
    },
  };
}

/** The parameters' gradients in some columns, summed over all rows: Σ dy · x̂ and Σ dy. */
function columnSums(values: Values, rows: number, cols: number, columns: readonly number[]) {
  const [x, dy] = [values("x"), values("dy")];
  const [scale, shift] = [columns.map(() => 0), columns.map(() => 0)];
  for (let row = 0; row < rows; row++) {
    let [sum, squares] = [0, 0];
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      const value = x(i);
      sum += value;
      squares += value * value;
    }
    const mean = sum / cols;
    const rstd = 1 / Math.sqrt(squares / cols - mean * mean + EPS);
    columns.forEach((col, c) => {
      const i = row * cols + col;
      scale[c]! += dy(i) * (x(i) - mean) * rstd;
      shift[c]! += dy(i);
    });
  }
  return { scale, shift };
}

/** Forward reads x and writes y; backward reads y and dy and writes dx. */
export function softmaxCase([rows, cols]: readonly [number, number]): LargeCase {
  const size = rows * cols;
  return {
    name: "softmax",
    bound: "memory",
    inputs: { x: { shape: [rows, cols], range: { scale: 8, offset: 0 } } },
    run: (tape, { x }) => softmax(tape, x!, 1),
    forward: { flops: 5 * size, bytes: FLOAT * 2 * size },
    both: { flops: 9 * size, bytes: FLOAT * 5 * size },
    spots: (values) => {
      const { at, take } = wholeRows(rows, cols);
      const [x, dy] = [take(values("x")), take(values("dy"))];
      return [
        { of: "y", at, expected: softmaxReference(x, rowsAlong(x, 1), false).data },
        { of: "x", at, expected: softmaxGradients(x, rowsAlong(x, 1), false, dy).x.data },
      ];
    },
  };
}

/** A few rows, including the first and the last. */
function wholeRows(rows: number, cols: number) {
  const chosen = someOf(rows, 6);
  const origin = (i: number): number => (chosen[Math.floor(i / cols)] as number) * cols + (i % cols);
  return {
    at: Array.from({ length: chosen.length * cols }, (_, i) => origin(i)),
    take: (value: (i: number) => number) => part(value, [chosen.length, cols], origin),
  };
}

/** Reads values, gradient and both moments; writes all but the gradient. */
export function adamwCase(count: number): LargeCase {
  const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.1, step: 3 };
  const at = someOf(count, 400);
  const some = (value: (i: number) => number) => part(value, [at.length], (i) => at[i] as number);
  return {
    name: "adamw",
    bound: "memory",
    inputs: {
      values: { shape: [count] },
      grads: { shape: [count] },
      first: { shape: [count] },
      second: { shape: [count], range: { scale: 0.25, offset: 0.5 } },
      factor: { shape: [1], range: { scale: 0, offset: 1 } },
    },
    run: (tape, { values, grads, first, second, factor }) => {
      adamw(
        tape,
        { values: values!, grads: grads!, firstMoment: first!, secondMoment: second! },
        { ...options, gradientScale: factor! },
      );
      return viewOf(values!, values!.shape);
    },
    forward: { flops: 16 * count, bytes: FLOAT * 7 * count },
    spots: (values) => {
      const [p, g, m, v] = ["values", "grads", "first", "second"].map((name) => some(values(name)));
      return [{ of: "y", at, expected: adamwReference(p!, g!, m!, v!, 1, options).data }];
    },
  };
}

/** Channels are independent, so a few of them alone are a smaller convolution with the same results. */
export function depthwiseCase([batch, frames, channels, kernel]: readonly [number, number, number, number]): LargeCase {
  const size = batch * frames * channels;
  const chosen = someOf(channels, 3);
  const few = chosen.length;
  const channel = (i: number): number => chosen[i % few] as number;
  const ofX = (i: number): number => Math.floor(i / few) * channels + channel(i);
  const ofWeight = (i: number): number => (chosen[Math.floor(i / kernel)] as number) * kernel + (i % kernel);
  const places = (count: number, origin: (i: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => origin(i));
  return {
    name: "depthwise_conv",
    bound: "memory",
    inputs: {
      x: { shape: [batch, frames, channels] },
      weight: { shape: [channels, 1, kernel] },
      bias: { shape: [channels] },
    },
    run: (tape, { x, weight, bias }) => depthwiseConv(tape, x!, weight!, bias!),
    forward: { flops: 2 * size * kernel, bytes: FLOAT * 2 * size },
    both: { flops: 6 * size * kernel, bytes: FLOAT * 5 * size },
    spots: (values) => {
      const x = part(values("x"), [batch, frames, few], ofX);
      const dy = part(values("dy"), [batch, frames, few], ofX);
      const weight = part(values("weight"), [few, 1, kernel], ofWeight);
      const bias = part(values("bias"), [few], channel);
      const gradients = depthwiseConvGradients(x, weight, dy);
      const y = depthwiseConvReference(x, weight, bias);
      const seen = someOf(batch * frames * few, 400);
      const pick = (data: Float64Array): number[] => seen.map((i) => data[i] as number);
      return [
        { of: "y", at: seen.map(ofX), expected: pick(y.data) },
        { of: "x", at: seen.map(ofX), expected: pick(gradients.x.data) },
        { of: "weight", at: places(few * kernel, ofWeight), expected: gradients.weight.data },
        { of: "bias", at: chosen, expected: gradients.bias.data },
      ];
    },
  };
}
