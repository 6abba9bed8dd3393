import { describe, expect, it } from "vitest";
import { halfToNumber, numberToHalf } from "../../engine/half.ts";
import { Tape } from "../../engine/tape.ts";
import { halfTensor, leaf, read, tensor } from "../../engine/transfer.ts";
import { layerNorm, type LayerNormOptions } from "../../kernels/layer_norm/layer_norm.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const shape = [6, 12];
const values = Float32Array.from({ length: 72 }, (_, i) => Math.sin(1.7 * i));
const rounded = (x: ArrayLike<number>): Float32Array =>
  Float32Array.from(x, (value) => halfToNumber(numberToHalf(value)));
// Multiples of 1/4, which f16 holds exactly.
const cotangent = Float32Array.from({ length: 72 }, (_, i) => (i % 7) / 4 - 0.75);

/** The result and all gradients of a layer norm of an f32 input. */
async function run(options: LayerNormOptions): Promise<{ y: ArrayLike<number>; gradients: ArrayLike<number>[] }> {
  const [x, scale, shift] = [
    leaf(device(), values, shape),
    leaf(device(), values.slice(0, 12), [12]),
    leaf(device(), values.slice(12, 24), [12]),
  ];
  const tape = new Tape(device());
  const y = layerNorm(tape, x, scale, shift, options);
  expect(y.dtype).toBe(options.dtype ?? "f32");
  const dy = options.dtype === "f16" ? halfTensor(device(), cotangent, shape) : tensor(device(), cotangent, shape);
  tape.backward(y, dy);
  const results = await Promise.all([y, x.grad!, scale.grad!, shift.grad!].map((result) => read(device(), result)));
  tape.end();
  return { y: results[0]!, gradients: results.slice(1) };
}

describe("a layer norm whose result has another type than its input", () => {
  it("is rounded to f16 at the end only, forward and backward, where there is f16", async () => {
    if (!device().features.has("shader-f16")) return;
    for (const variant of ["thread_row", "subgroup_row"]) {
      device().tuner.overrule(["layer_norm", "layer_norm_backward"].map((operation) => ({ operation, variant })));
      const [full, half] = [await run({}), await run({ dtype: "f16" })];
      device().tuner.overrule([]);
      expect(half.y).toEqual(rounded(full.y));
      expect(half.gradients).toEqual(full.gradients);
    }
  });

  it("is refused for integers", () => {
    const tape = new Tape(device());
    const one = tape.filled([2], 1);
    expect(() => layerNorm(tape, tape.upload(Int32Array.of(1, 2), [1, 2]), one, one)).toThrow(
      "layerNorm: x: expected type f32 or f16, got type i32",
    );
    tape.end();
  });
});

it("has more chunks of rows backward than one axis of workgroups holds", async () => {
  const rows = 65_535 * 32 + 40; // of 32 rows each
  const data = (count: number): Float32Array => Float32Array.from({ length: 4 * count }, (_, i) => Math.sin(i % 4003));
  const gradient = async (values: Float32Array): Promise<{ dx: ArrayLike<number>; dshift: ArrayLike<number> }> => {
    const [x, scale, shift] = [
      leaf(device(), values, [values.length / 4, 4]),
      leaf(device(), Float32Array.of(1, 2, 3, 4), [4]),
      leaf(device(), new Float32Array(4), [4]),
    ];
    device().tuner.overrule([{ operation: "layer_norm_backward", variant: "subgroup_row" }]);
    const tape = new Tape(device());
    const y = layerNorm(tape, x, scale, shift);
    tape.backward(y, tape.filled(y.shape, 1));
    const [dx, dshift] = await Promise.all([read(device(), x.grad!), read(device(), shift.grad!)]);
    tape.end();
    device().tuner.overrule([]);
    return { dx, dshift };
  };
  const all = data(rows);
  const [whole, end] = [await gradient(all), await gradient(all.slice(-400))];
  expect(Array.from(whole.dshift)).toEqual([rows, rows, rows, rows]);
  const last = Array.from(whole.dx).slice(-400);
  expect(last.filter((value, i) => !(Math.abs(value - end.dx[i]!) < 1e-4))).toEqual([]);
});
