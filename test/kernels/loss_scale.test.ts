import { describe, expect, it } from "vitest";
import { halfToNumber, numberToHalf } from "../../engine/half.ts";
import { Tape } from "../../engine/tape.ts";
import { release, type Tensor } from "../../engine/tensor.ts";
import { emptyTensor, halfTensor, read, tensor, zeroTensor } from "../../engine/transfer.ts";
import { adamw } from "../../kernels/adamw/adamw.ts";
import { globalNorm } from "../../kernels/grad_norm/grad_norm.ts";
import { lossScaleOf, lossScaleState, newLossScale, scaledUpdate } from "../../kernels/loss_scale/loss_scale.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const hasHalf = (): boolean => device().features.has("shader-f16");
const hyperparameters = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };
const COUNT = 70; // no multiple of four
const initial = Float32Array.from({ length: COUNT }, (_, i) => Math.sin(i + 1));
const gradient = (step: number): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, i) => Math.cos(i * step + 0.3) / 16);
const overflowing = (bad: number): Float32Array => gradient(1).map((g, i) => (i === 66 ? bad : g));

interface Model {
  values: Tensor;
  firstMoment: Tensor;
  secondMoment: Tensor;
  half?: Tensor;
}

const newModel = (): Model => ({
  values: tensor(device(), initial, [COUNT]),
  firstMoment: zeroTensor(device(), [COUNT]),
  secondMoment: zeroTensor(device(), [COUNT]),
  ...(hasHalf() && { half: halfTensor(device(), initial, [COUNT]) }),
});

const bits = async (model: Model): Promise<Uint32Array[]> =>
  Promise.all(
    Object.values(model).map(async (x: Tensor) => new Uint32Array(((await read(device(), x)) as Float32Array).buffer)),
  );

/** One step with gradients that are `scale` times as large as given. */
async function step(model: Model, state: Tensor, unscaled: Float32Array, growthInterval = 2): Promise<number> {
  const { scale } = lossScaleState(await read(device(), state));
  const grads = tensor(
    device(),
    unscaled.map((g) => g * scale),
    [COUNT],
  );
  const tape = new Tape(device(), { grad: false });
  const { norm, ...update } = scaledUpdate(tape, state, globalNorm(tape, [grads]), {
    ...hyperparameters,
    maxNorm: 100,
    growthInterval,
  });
  adamw(tape, { ...model, grads }, { ...hyperparameters, ...update });
  const [value] = await read(device(), norm);
  tape.end();
  release(grads);
  return value!;
}

describe("a step with a dynamic loss scale", () => {
  for (const bad of [Infinity, -Infinity, NaN])
    it(`leaves every bit of the values and moments where a gradient is ${bad}, and halves the scale`, async () => {
      const model = newModel();
      const state = newLossScale(device(), { scale: 1024 });
      await step(model, state, gradient(1));
      const before = await bits(model);
      await step(model, state, overflowing(bad));
      expect(await bits(model)).toEqual(before);
      expect(lossScaleState(await read(device(), state))).toEqual({ scale: 512, goodSteps: 0, updates: 1, skipped: 1 });
    });

  it("doubles the scale after as many finite steps as asked for", async () => {
    const state = newLossScale(device(), { scale: 256 });
    const model = newModel();
    const scales: number[] = [];
    for (const n of [1, 2, 3, 4, 5]) {
      await step(model, state, gradient(n));
      scales.push(lossScaleState(await read(device(), state)).scale);
    }
    expect(scales).toEqual([256, 512, 512, 1024, 1024]);
  });

  it("is the step without one, and skipped steps do not count for the bias corrections", async () => {
    const scaled = newModel();
    const state = newLossScale(device(), { scale: 2048 });
    for (const grads of [gradient(1), overflowing(Infinity), gradient(2), overflowing(NaN), gradient(3)])
      await step(scaled, state, grads);

    const plain = newModel();
    const tape = new Tape(device(), { grad: false });
    for (const n of [1, 2, 3])
      adamw(
        tape,
        { ...plain, grads: tape.upload(gradient(n), [COUNT]) },
        { ...hyperparameters, step: n, gradientScale: tape.filled([1], 1) },
      );
    const expected = (await read(device(), plain.values)) as Float32Array;
    tape.end();
    const got = (await read(device(), scaled.values)) as Float32Array;
    got.forEach((value, i) => expect(Math.abs(value - expected[i]!), `value ${i}`).toBeLessThan(1e-6));
  });

  it("gives the norm of the gradients without the scale", async () => {
    const norm = await step(newModel(), newLossScale(device(), { scale: 4096 }), gradient(1));
    expect(norm).toBeCloseTo(Math.hypot(...gradient(1)), 5);
  });

  it("rounds the new values into the f16 copy, where there is f16", async () => {
    if (!hasHalf()) return expect(newModel().half).toBeUndefined();
    const model = newModel();
    await step(model, newLossScale(device()), gradient(1));
    const values = (await read(device(), model.values)) as Float32Array;
    expect(values).not.toEqual(initial);
    expect(await read(device(), model.half!)).toEqual(values.map((value) => halfToNumber(numberToHalf(value))));
  });

  it("refuses a copy that is not f16", () => {
    const grads = emptyTensor(device(), [COUNT]);
    const options = { ...hyperparameters, step: 1, gradientScale: grads };
    expect(() =>
      adamw({ device: device() }, { ...newModel(), grads, half: zeroTensor(device(), [COUNT]) }, options),
    ).toThrow(/half: expected type f16, got type f32/);
  });

  it("starts backward with the scale", async () => {
    expect(lossScaleOf(newLossScale(device(), { scale: 32 })).shape).toEqual([]);
    expect(await read(device(), lossScaleOf(newLossScale(device(), { scale: 32 })))).toEqual(Float32Array.of(32));
  });
});
