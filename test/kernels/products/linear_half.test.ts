import { expect, it } from "vitest";
import { compare } from "../../../bench/report/compare.ts";
import { Tape } from "../../../engine/tape.ts";
import { release, viewOf } from "../../../engine/tensor.ts";
import { halfTensor, leaf, read, zeroTensor } from "../../../engine/transfer.ts";
import { caseData, rounded } from "../../../kernels/case_data.ts";
import { linear } from "../../../kernels/linear/linear.ts";
import { linearGradients, linearReference } from "../../../kernels/linear/reference.ts";
import { testDevice } from "../../test_device.ts";

const device = testDevice();

// f16 has 11 significant bits, and the result of one product is rounded before the next takes it.
const tolerance = { rtol: 2e-3, atol: 4e-3 };

it("a layer of a tape with f16 activations multiplies f16 and adds to f32 gradients", async ({ skip }) => {
  if (!device().features.has("shader-f16")) skip("this driver has no f16");
  const [x, weight] = [rounded(caseData("x", { shape: [20, 24] })), rounded(caseData("weight", { shape: [12, 24] }))];
  const bias = caseData("bias", { shape: [12] });
  const dy = rounded(caseData("dy", { shape: [20, 12] }));

  const xs = halfTensor(device(), x.data, x.shape, { grad: zeroTensor(device(), x.shape, "f16") });
  const half = halfTensor(device(), weight.data, weight.shape);
  // The f32 values are others, so that a product that took them would show.
  const values = leaf(
    device(),
    Float32Array.from(weight.data, () => 1000),
    weight.shape,
  );
  const weights = viewOf(values, weight.shape, { grad: values.grad, half });
  const biases = leaf(device(), Float32Array.from(bias.data), bias.shape);
  const cotangents = halfTensor(device(), dy.data, dy.shape);

  const tape = new Tape(device(), { activation: "f16" });
  const made = device().tuner.during(() => {
    const y = linear(tape, xs, weights, biases, "silu");
    expect(y.dtype).toBe("f16");
    tape.backward(y, cotangents);
  });
  expect(made.filter(({ operation }) => operation === "matmul").map(({ sizes }) => sizes.half)).toEqual([
    true,
    true,
    true,
  ]);
  tape.end();

  const expected = linearGradients(x, weight, bias, dy, "silu");
  expect(compare("dx", await read(device(), xs.grad!), expected.x, tolerance)).toBeUndefined();
  expect(compare("dweight", await read(device(), weights.grad!), expected.weight, tolerance)).toBeUndefined();
  expect(compare("dbias", await read(device(), biases.grad!), expected.bias!, tolerance)).toBeUndefined();

  const evaluation = new Tape(device(), { grad: false, activation: "f16" });
  const y = linear(evaluation, xs, weights, biases, "silu");
  expect(compare("y", await read(device(), y), linearReference(x, weight, bias, "silu"), tolerance)).toBeUndefined();
  evaluation.end();
  for (const x of [xs, half, values, biases, cotangents]) release(x);
});
