import { describe, expect, it } from "vitest";
import { withVariant } from "../../bench/case_choices.ts";
import { Tape } from "../../engine/tape.ts";
import { type Tensor } from "../../engine/tensor.ts";
import { read, tensor } from "../../engine/transfer.ts";
import { conv2d } from "../../kernels/conv2d/conv2d.ts";
import { cumulativeSum } from "../../kernels/cumulative_sum/cumulative_sum.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { maximum, minimum, pow } from "../../kernels/pointwise/binary.ts";
import * as unary from "../../kernels/pointwise/unary.ts";
import { averagePool1d, maxPool1d } from "../../kernels/pooling/pooling.ts";
import { topK } from "../../kernels/top_k/top_k.ts";
import { testDevice } from "../test_device.ts";

// PyTorch gives NaN for NaN in all of these. A kernel that loses it hides a broken number from whoever looks for it, and an element
// that no kernel has written from the tests, which fill tensors with NaN first.
const device = testDevice();

/** Where the result is NaN. */
async function nansOf(f: (tape: Tape) => Tensor): Promise<number[]> {
  const tape = new Tape(device(), { grad: false });
  const y = await read(device(), f(tape));
  tape.end();
  return [...y].flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
}

/** The same under every variant of the choices that `f` makes, or under some of them. */
async function nansByVariant(f: (tape: Tape) => Tensor, some?: readonly string[]): Promise<Record<string, number[]>> {
  const tape = new Tape(device(), { grad: false });
  const choices = device().tuner.during(() => void f(tape));
  tape.end();
  const found: Record<string, number[]> = {};
  for (const { operation, sizes, fitting } of choices)
    for (const variant of some ?? fitting)
      found[`${operation} ${variant}`] = await withVariant(device(), { operation, sizes, variant }, () => nansOf(f));
  return found;
}

describe("NaN goes through", () => {
  const values = Float32Array.of(-2, NaN, 0, 3, -NaN);
  const x = (): Tensor => tensor(device(), values, [5]);

  for (const name of [
    "neg",
    "abs",
    "square",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "sigmoid",
    "tanh",
    "relu",
    "gelu",
    "geluTanh",
    "silu",
    "softplus",
    "sin",
    "cos",
  ] as const)
    it(name, async () =>
      expect(await nansOf((tape) => unary[name](tape, x()))).toEqual(expect.arrayContaining([1, 4])),
    );

  it("clamp", async () => expect(await nansOf((tape) => unary.clamp(tape, x(), -1, 1))).toEqual([1, 4]));

  for (const [name, operation] of Object.entries({ maximum, minimum }))
    it(`${name}, on either side`, async () => {
      const other = (): Tensor => tensor(device(), Float32Array.of(NaN, 1, Infinity, 4, 1), [5]);
      expect(await nansOf((tape) => operation(tape, x(), other()))).toEqual([0, 1, 4]);
      const infinite = (...pair: number[]): Tensor => tensor(device(), Float32Array.from(pair), [2]);
      expect(
        await nansOf((tape) => operation(tape, infinite(Infinity, -Infinity), infinite(-Infinity, -Infinity))),
      ).toEqual([]);
    });

  it("a power, sums up to an element, and the largest of a window or a line", async () => {
    const one = (): Tensor => tensor(device(), Float32Array.of(1, 2, NaN, 4, 0.5, 3), [1, 6, 1]);
    expect(await nansOf((tape) => pow(tape, one(), 2))).toEqual([2]);
    expect(await nansOf((tape) => maxPool1d(tape, one(), { kernel: 2 }))).toEqual([1]);
    expect(await nansOf((tape) => averagePool1d(tape, one(), { kernel: 3 }))).toEqual([0]);
    expect(await nansOf((tape) => cumulativeSum(tape, one(), 1))).toEqual([2, 3, 4, 5]);
    expect(await nansOf((tape) => topK(tape, one(), 2, 1).values)).toEqual([0]);
  });

  // One NaN in the input: the row that it is in, and no other. All variants include one text of the activations (parts/activation.wgsl), of
  // numbers or of vec4, so that one of each shows it.
  for (const activation of ["relu", "sigmoid", "tanh"] as const)
    it(`a product with ${activation}, of numbers and of vec4`, async () => {
      const input = Float32Array.from({ length: 64 * 64 }, (_, i) => (i === 5 * 64 + 3 ? NaN : 0.01));
      const weight = tensor(
        device(),
        Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 7) - 3),
        [64, 64],
      );
      const bias = tensor(device(), new Float32Array(64), [64]);
      const found = await nansByVariant(
        (tape) => linear(tape, tensor(device(), input, [64, 64]), weight, bias, activation),
        ["plain", "workgroup_tile_64"],
      );
      expect(Object.keys(found)).toEqual(["matmul plain", "matmul workgroup_tile_64"]);
      const row = Array.from({ length: 64 }, (_, i) => 5 * 64 + i);
      expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, row])));
    });

  it("a convolution with relu, under every variant", async () => {
    const image = Float32Array.from({ length: 36 * 4 }, (_, i) => (i === 7 * 4 + 1 ? NaN : 0.01)); // row 1, column 1 of 6 x 6
    const weight = tensor(
      device(),
      Float32Array.from({ length: 4 * 4 * 9 }, (_, i) => (i % 5) - 2),
      [4, 4, 3, 3],
    );
    const found = await nansByVariant((tape) =>
      conv2d(tape, tensor(device(), image, [1, 6, 6, 4]), weight, undefined, { activation: "relu" }),
    );
    const seen = [0, 1, 4, 5].flatMap((position) => [0, 1, 2, 3].map((out) => position * 4 + out)); // of 4 x 4
    expect(Object.keys(found)).toEqual([
      "conv2d direct",
      "conv2d workgroup_tile_any",
      "conv2d workgroup_tile_64",
      "conv2d workgroup_tile_128",
      "conv2d product",
    ]);
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, seen])));
  });
});
