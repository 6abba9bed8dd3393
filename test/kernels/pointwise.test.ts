import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { type Tensor } from "../../engine/tensor.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { addScaled } from "../../kernels/pointwise/add_scaled.ts";
import { add, div, maximum, mul, pow, sub } from "../../kernels/pointwise/binary.ts";
import { maskFrames } from "../../kernels/pointwise/mask_frames.ts";
import { curves } from "../../kernels/pointwise/reference.ts";
import * as unary from "../../kernels/pointwise/unary.ts";
import { where } from "../../kernels/pointwise/where.ts";
import { equal, greater, less } from "../../kernels/pointwise/words.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

/** y = f(x), and dx for dy of ones. */
async function valueAndSlope(
  f: (tape: Tape, x: Tensor) => Tensor,
  values: Float32Array,
): Promise<[ArrayLike<number>, ArrayLike<number>]> {
  const x = leaf(device(), values, [values.length]);
  const tape = new Tape(device());
  const y = f(tape, x);
  const result = await read(device(), y);
  tape.backward(y, tape.filled(y.shape, 1));
  const dx = await read(device(), x.grad!);
  tape.end();
  return [result, dx];
}

const saturating = ["sigmoid", "tanh", "relu", "gelu", "geluTanh", "silu", "softplus"] as const;

describe("activations", () => {
  for (const name of saturating) {
    // 1e-6 of the larger of |y| and 1: a few units in the last place of float32.
    it(`${name} is as good as float32 from -10 to 10`, async () => {
      const values = Float32Array.from({ length: 801 }, (_, i) => (i - 400) / 40);
      const [y, dx] = await valueAndSlope(unary[name], values);
      for (const [i, x] of values.entries()) {
        const [value, derivative] = [curves[name].value(x), curves[name].derivative(x)];
        expect(Math.abs(y[i]! - value) / Math.max(1, Math.abs(value)), `${name}(${x})`).toBeLessThan(1e-6);
        expect(Math.abs(dx[i]! - derivative), `${name}'(${x})`).toBeLessThan(1e-6);
      }
    });

    it(`${name} is finite at any finite x`, async () => {
      const values = Float32Array.of(-3e38, -1e20, -1e10, -1000, -88.8, 0, 88.8, 1000, 1e10, 1e20, 3e38);
      const [y, dx] = await valueAndSlope(unary[name], values);
      for (const [i, x] of values.entries()) {
        const expected =
          x > 80
            ? name === "sigmoid" || name === "tanh"
              ? 1
              : x
            : x < -80
              ? name === "tanh"
                ? -1
                : 0
              : curves[name].value(x);
        expect(Math.abs(y[i]! - Math.fround(expected)), `${name}(${x}) = ${y[i]}`).toBeLessThan(
          1e-30 + 1e-6 * Math.abs(expected),
        );
        expect(Number.isFinite(dx[i]), `${name}'(${x}) = ${dx[i]}`).toBe(true);
      }
    });
  }

  it("tanh keeps its relative precision near 0", async () => {
    const values = Float32Array.of(1e-20, -1e-7, 1e-4, 0.03, -0.199, 0.201);
    const [y] = await valueAndSlope(unary.tanh, values);
    values.forEach((x, i) => expect(Math.abs(y[i]! / Math.tanh(x) - 1)).toBeLessThan(1e-6));
  });
});

describe("gradients", () => {
  it("adds up both uses of one tensor, and shares the gradient of equal ones", async () => {
    const values = Float32Array.of(1, -2, 3);
    expect([...Array.from((await valueAndSlope((tape, x) => mul(tape, x, x), values))[1])]).toEqual([2, -4, 6]);
    expect([...Array.from((await valueAndSlope((tape, x) => maximum(tape, x, x), values))[1])]).toEqual([1, 1, 1]);
    expect([...Array.from((await valueAndSlope((tape, x) => addScaled(tape, x, x, 0.5), values))[1])]).toEqual([
      1.5, 1.5, 1.5,
    ]);
  });

  it("passes the gradient of a residual connection on without a copy", () => {
    const [a, b] = [leaf(device(), [1, 2], [2]), tensor(device(), [3, 4], [2])];
    const tape = new Tape(device());
    const h = unary.square(tape, a);
    const y = addScaled(tape, h, b, 1);
    const dy = tape.filled([2], 1);
    const before = device().recorder.dispatches;
    tape.backward(y, dy);
    // One dispatch for the square, one that adds to the leaf.
    expect(device().recorder.dispatches - before).toBe(2 + (device().poison ? 1 : 0));
    tape.end();
  });

  it("keeps what stands in the padding out of both directions", async () => {
    const x = leaf(device(), [1, 2, NaN, Infinity], [1, 2, 2]);
    const lengths = tensor(device(), Int32Array.of(1), [1]);
    const tape = new Tape(device());
    const y = maskFrames(tape, x, lengths);
    const values = await read(device(), y);
    tape.backward(y, tape.upload(Float32Array.of(1, 2, NaN, NaN), [1, 2, 2]));
    const dx = await read(device(), x.grad!);
    tape.end();
    expect([...values]).toEqual([1, 2, 0, 0]);
    expect([...dx]).toEqual([1, 2, 0, 0]);
  });
});

describe("numbers as operands", () => {
  it("are of the tensor's type, also whole ones, and comparisons give masks for where", async () => {
    const tape = new Tape(device(), { grad: false });
    const [x, counts] = [tape.upload(Float32Array.of(-2, 0, 3), [3]), tape.upload(Int32Array.of(-2, 0, 3), [3])];
    const results = [
      where(tape, greater(tape, x, 0), x, tape.filled([], -1)),
      sub(tape, 10, counts),
      mul(tape, counts, -2),
      equal(tape, counts, 3),
    ];
    expect(results.map(({ dtype }) => dtype)).toEqual(["f32", "i32", "i32", "u32"]);
    const values = await Promise.all(results.map(async (y) => [...(await read(device(), y))]));
    tape.end();
    expect(values).toEqual([
      [-1, -1, 3],
      [12, 10, 7],
      [4, 0, -6],
      [0, 0, 1],
    ]);
  });
});

describe("powers", () => {
  it("at their corners are those of Math.pow", async () => {
    const bases = [-3, 7, -0, 0, -0, 0, -0, -0, -2, -2, -2, 1, 1e30, -3];
    const exponents = [3, 1, -17, 2, 3, -1, -3, 0, 3, -2, 0.5, 1e9, 2, 1e9];
    const tape = new Tape(device(), { grad: false });
    const y = pow(tape, tape.upload(Float32Array.from(bases), [14]), tape.upload(Float32Array.from(exponents), [14]));
    const values = await read(device(), y);
    tape.end();
    for (const [i, base] of bases.entries()) {
      const expected = Math.fround(base ** exponents[i]!);
      if (Number.isFinite(expected))
        expect(values[i]! / (expected || 1), `${base} ^ ${exponents[i]}`).toBeCloseTo(expected === 0 ? 0 : 1, 5);
      else expect(values[i], `${base} ^ ${exponents[i]}`).toBe(expected);
    }
  });
});

describe("errors", () => {
  it("names operation, argument, expected and actual", () => {
    const tape = new Tape(device());
    const [x, other, integers] = [tape.filled([2, 3], 1), tape.filled([2], 1), tape.empty([2, 3], "i32")];
    expect(() => add(tape, x, other)).toThrow("add: b: expected a shape that broadcasts with [2, 3], got [2]");
    expect(() => add(tape, x, integers)).toThrow("add: b: expected type f32, got type i32");
    expect(() => add(tape, integers, x)).toThrow("add: b: expected type i32, got type f32");
    expect(() => div(tape, integers, integers)).toThrow("div: a: expected type f32, got type i32");
    expect(() => mul(tape, integers, 0.5)).toThrow(
      "mul: number: expected a whole number that i32 has, as the tensor's type is, got 0.5",
    );
    expect(() => sub(tape, 1, 2)).toThrow("sub: a, b: expected at least one tensor, got two numbers");
    expect(() => less(tape, x, integers)).toThrow("less: b: expected type f32, got type i32");
    expect(() => addScaled(tape, x, other, 1)).toThrow("addScaled: b: expected [2, 3], got [2]");
    expect(() => where(tape, x, x, x)).toThrow("where: condition: expected type u32, got type f32");
    expect(() => unary.clamp(tape, x, 1, 0)).toThrow("clamp: high: expected at least low, which is 1, got 0");
    expect(() => maskFrames(tape, x, other)).toThrow("maskFrames: x: expected 3 axes, got [2, 3]");
    tape.end();
  });
});
