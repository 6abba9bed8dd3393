import { describe, expect, it } from "vitest";
import { halfToNumber, numberToHalf } from "../../engine/half.ts";
import { Parameters, type FlatRange } from "../../engine/parameters.ts";
import { uniform } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { release } from "../../engine/tensor.ts";
import { read, tensor } from "../../engine/transfer.ts";
import { adamw } from "../../kernels/adamw/adamw.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { square } from "../../kernels/pointwise/unary.ts";
import { sum } from "../../kernels/reduction/reduction.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const draw = (i: number, key: number): number => uniform(key, i) - 0.5;

/** Declared out of order: weights with decay, biases without, and a buffer. */
function example(options: { seed?: number; optimizer?: boolean; half?: boolean } = {}) {
  const parameters = new Parameters();
  const bias1 = parameters.add("bias1", [3], { init: draw, decay: false });
  const weight1 = parameters.add("weight1", [3, 5], { init: draw, fileShape: [3, 5, 1] });
  const bias2 = parameters.add("bias2", [70], { init: draw, decay: false });
  const weight2 = parameters.add("weight2", [70, 3], { init: draw });
  const mean = parameters.addBuffer("mean", [4], () => 7);
  parameters.seal(device(), options);
  return { parameters, bias1, weight1, bias2, weight2, mean };
}

describe("parameters", () => {
  it("lie at multiples of 256 bytes without overlap, those with decay first", () => {
    const { parameters, bias1, weight1, bias2, weight2 } = example();
    const inOrder = [weight1, weight2, bias1, bias2];
    expect(inOrder.map(({ offset }) => offset)).toEqual([0, 256, 1280, 1536]);
    expect(inOrder.map(({ grad }) => grad!.offset)).toEqual([0, 256, 1280, 1536]);
    expect([parameters.count, parameters.bytes]).toEqual([3 + 15 + 70 + 210, 2048]);
    expect(weight1.grad!.storage).not.toBe(weight1.storage);
    const ranges = parameters.ranges();
    expect(
      ranges.map(({ decay, values, grads }) => [decay, values.offset, values.bytes, grads.offset, grads.bytes]),
    ).toEqual([
      [true, 0, 1280, 0, 1280],
      [false, 1280, 768, 1280, 768],
    ]);
    parameters.release();
  });

  it("start from values that depend on seed and name alone", async () => {
    const [a, b, other] = [example({ seed: 1 }), example({ seed: 1 }), example({ seed: 2 })];
    expect(await a.parameters.read("values")).toEqual(await b.parameters.read("values"));
    expect(await read(device(), a.weight1)).not.toEqual(await read(device(), other.weight1));
    expect((await read(device(), a.weight1))[0]).not.toBe((await read(device(), a.weight2))[0]);
    const alone = new Parameters();
    const weight = alone.add("weight1", [3, 5], { init: draw });
    alone.seal(device(), { seed: 1 });
    expect(await read(device(), weight)).toEqual(await read(device(), a.weight1));
  });

  it("have gradients and moments of zero, also in buffers that were used before", async () => {
    const used = [0, 1, 2, 3].map(() => tensor(device(), new Float32Array(512).fill(3), [512]));
    for (const x of used) release(x);
    const { parameters } = example();
    for (const flat of ["grads", "firstMoment", "secondMoment"] as const)
      for (const { values } of (await parameters.read(flat)).values())
        expect(values.every((value) => value === 0)).toBe(true);
    parameters.release();
  });

  it("come back by name, in the files' shapes, buffers with the values only", async () => {
    const { parameters } = example();
    const values = await parameters.read("values");
    const shapes = [
      ["bias1", [3]],
      ["weight1", [3, 5, 1]],
      ["bias2", [70]],
      ["weight2", [70, 3]],
      ["mean", [4]],
    ];
    expect([...values].map(([name, { shape }]) => [name, shape])).toEqual(shapes);
    expect([...parameters.savedShapes]).toEqual(shapes);
    expect(values.get("mean")!.values).toEqual(new Float32Array(4).fill(7));
    expect([...(await parameters.read("firstMoment")).keys()]).toEqual(["bias1", "weight1", "bias2", "weight2"]);
  });

  it("keep what is written to them, to their gradients, their moments and their buffers", async () => {
    const { parameters, weight1 } = example();
    const before = await parameters.read("values");
    const flats = ["values", "grads", "firstMoment", "secondMoment"] as const;
    const written = flats.map((_, k) => Float32Array.from({ length: 15 }, (_, i) => 100 * k + i));
    flats.forEach((flat, k) => parameters.write("weight1", written[k]!, flat));
    parameters.write("mean", Float32Array.of(1, 2, 3, 4));
    for (const [k, flat] of flats.entries())
      expect((await parameters.read(flat)).get("weight1")!.values).toEqual(written[k]);
    const after = await parameters.read("values");
    expect(after.get("mean")!.values).toEqual(Float32Array.of(1, 2, 3, 4));
    for (const name of ["bias1", "bias2", "weight2"]) expect(after.get(name)).toEqual(before.get(name));
    expect(await read(device(), weight1.grad!)).toEqual(written[1]);
    parameters.zeroGrads();
    expect(await read(device(), weight1.grad!)).toEqual(new Float32Array(15));
    expect(await read(device(), weight1)).toEqual(written[0]);
  });

  it("get gradients through the tape and are moved by AdamW, with the padding still zero", async () => {
    const { parameters, bias1, weight1, bias2 } = example();
    const start = await read(device(), weight1);
    const gradientScale = tensor(device(), [1], [1]);
    for (let step = 1; step <= 2; step++) {
      const tape = new Tape(device());
      const x = tape.upload(Float32Array.of(1, -2, 3, -4, 5), [1, 5]);
      tape.backward(sum(tape, square(tape, linear(tape, x, weight1, bias1))));
      tape.end();
      for (const { decay, ...range } of parameters.ranges())
        adamw({ device: device() }, range, {
          learningRate: 0.1,
          beta1: 0.9,
          beta2: 0.99,
          eps: 1e-8,
          weightDecay: decay ? 0.5 : 0,
          step,
          gradientScale,
        });
    }
    const moved = await read(device(), weight1);
    expect(moved.every((value, i) => value !== start[i] && Number.isFinite(value))).toBe(true);
    for (const { values, grads, firstMoment, secondMoment } of parameters.ranges())
      for (const flat of [values, grads, firstMoment, secondMoment]) {
        const data = await read(device(), flat);
        const isPadding = (i: number): boolean =>
          parameters.all.every(
            ({ tensor: { offset, bytes } }) => flat.offset + 4 * i < offset || flat.offset + 4 * i >= offset + bytes,
          );
        expect([...data].filter((value, i) => isPadding(i) && value !== 0)).toEqual([]);
      }
    expect(await read(device(), bias2)).toEqual((await parameters.read("values")).get("bias2")!.values);
  });

  it("have values only when they are not to be trained", async () => {
    const { parameters, weight1 } = example({ optimizer: false });
    expect([weight1.needsGrad, weight1.grad]).toEqual([false, undefined]);
    const before = await read(device(), weight1);
    const missing = "Parameters: there are no firstMoment: seal() was not called, or with optimizer: false";
    expect(() => parameters.write("weight1", new Float32Array(15), "firstMoment")).toThrow(missing);
    await expect(parameters.read("firstMoment")).rejects.toThrow(missing);
    expect(() => parameters.ranges()).toThrow("Parameters: there are no grads");
    expect(await read(device(), weight1)).toEqual(before);
  });

  it("that are frozen come last, with values alone, and no step moves them", async () => {
    const parameters = new Parameters();
    const frozen = parameters.add("frozen", [2, 5], { init: draw, frozen: true });
    const weight = parameters.add("weight", [1, 5], { init: draw });
    parameters.seal(device());
    expect([weight.offset, frozen.offset, parameters.bytes, parameters.trainedBytes, parameters.count]).toEqual([
      0, 256, 512, 256, 15,
    ]);
    expect([frozen.needsGrad, weight.needsGrad]).toEqual([false, true]);
    const before = await parameters.read("values");
    const tape = new Tape(device());
    const x = tape.filled([1, 5], 1);
    tape.backward(
      sum(tape, square(tape, linear(tape, linear(tape, linear(tape, x, frozen), tape.filled([5, 2], 1)), weight))),
    );
    for (const range of parameters.ranges())
      adamw(tape, range, {
        learningRate: 0.1,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-8,
        weightDecay: 0.5,
        gradientScale: tape.filled([], 1),
        step: 1,
      });
    tape.end();
    const after = await parameters.read("values");
    expect(after.get("frozen")).toEqual(before.get("frozen"));
    expect(after.get("weight")).not.toEqual(before.get("weight"));
    expect([...(await parameters.read("firstMoment")).keys()]).toEqual(["weight"]);
    expect(() => parameters.write("frozen", new Float32Array(10), "grads")).toThrow("the frozen 'frozen' has no grads");
    parameters.release();
  });

  it("have copies in f16 where asked, rounded when told to", async () => {
    if (!device().features.has("shader-f16")) return; // SwiftShader has no f16: seal() is then never asked for it
    const { parameters, weight1, bias2 } = example({ half: true });
    const rounded = (values: ArrayLike<number>): number[] =>
      Array.from(values, (value) => halfToNumber(numberToHalf(value)));
    for (const x of [weight1, bias2])
      expect([...(await read(device(), x.half!))]).toEqual(rounded(await read(device(), x)));
    const values = Float32Array.from({ length: weight1.size }, (_, i) => 1 + i / 3000);
    parameters.write("weight1", values);
    expect([...(await read(device(), weight1.half!))]).not.toEqual(rounded(values));
    parameters.roundToHalf();
    expect([...(await read(device(), weight1.half!))]).toEqual(rounded(values));
    const [{ half, values: flat }] = parameters.ranges() as [FlatRange];
    expect([...(await read(device(), half!))]).toEqual(rounded(await read(device(), flat)));
    parameters.release();
  });

  it("refuse wrong names, sizes and orders of calls", () => {
    const { parameters } = example();
    expect(() => parameters.write("weight", new Float32Array(1))).toThrow("Parameters: there is no 'weight'");
    expect(() => parameters.write("weight1", new Float32Array(14))).toThrow(
      "Parameters.write: weight1: expected 15 values, got 14",
    );
    expect(() => parameters.write("mean", new Float32Array(4), "grads")).toThrow(
      "Parameters: the buffer 'mean' has no grads",
    );
    expect(() => parameters.add("late", [1], { init: draw })).toThrow("Parameters: 'late' was added after seal()");
    expect(() => parameters.seal(device())).toThrow("Parameters: seal() was called twice");
    const open = new Parameters();
    open.add("twice", [1], { init: draw });
    expect(() => open.addBuffer("twice", [1], draw)).toThrow("Parameters: 'twice' was added twice");
    expect(() => open.add("empty", [2, 0], { init: draw })).toThrow(
      "Parameters: shape: expected no empty axis, got [2, 0]",
    );
    expect(() => open.zeroGrads()).toThrow("Parameters: ");
  });

  it("of a model without any, and of one with buffers only, are nothing", async () => {
    const parameters = new Parameters();
    const mean = parameters.addBuffer("mean", [2], () => 1);
    parameters.seal(device());
    expect([parameters.count, parameters.ranges()]).toEqual([0, []]);
    expect([...(await parameters.read("values")).keys()]).toEqual(["mean"]);
    expect(await read(device(), mean)).toEqual(new Float32Array(2).fill(1));
  });

  it("are given back", () => {
    const { liveBytes } = device().pool.statistics;
    const { parameters } = example();
    parameters.release();
    expect(device().pool.statistics.liveBytes).toBe(liveBytes);
  });
});
