import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { logSumExp, max, sum } from "../../kernels/reduction/reduction.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

describe("reductions", () => {
  it("adds a million tenths to seven digits", async () => {
    const tape = new Tape(device(), { grad: false });
    const x = tape.upload(new Float32Array(1_000_000).fill(0.1), [1000, 1000]);
    const [y] = await read(device(), sum(tape, x));
    tape.end();
    expect(Math.abs(y! / (1_000_000 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
  });

  it("shares a maximum's gradient among equal elements", async () => {
    const x = leaf(device(), [3, 1, 3, 0, 0, 0], [2, 3]);
    const tape = new Tape(device());
    tape.backward(sum(tape, max(tape, x, 1)));
    const dx = await read(device(), x.grad!);
    tape.end();
    expect([...dx]).toEqual([0.5, 0, 0.5, ...[1, 1, 1].map(() => Math.fround(1 / 3))]);
  });

  it("takes the log-sum-exp of nothing but -inf without NaN, and nothing flows back", async () => {
    const x = leaf(device(), [-Infinity, -Infinity, 0, -Infinity], [2, 2]);
    const tape = new Tape(device());
    const y = logSumExp(tape, x, 1);
    const values = await read(device(), y);
    tape.backward(y, tape.filled([2], 1));
    const dx = await read(device(), x.grad!);
    tape.end();
    expect([...values]).toEqual([-Infinity, 0]);
    expect([...dx]).toEqual([0, 0, 1, 0]);
  });

  it("refuses an axis that x does not have", () => {
    const tape = new Tape(device());
    const x = tensor(device(), [1, 2], [2]);
    expect(() => sum(tape, x, 1)).toThrow("sum: axis: expected an axis of a tensor with 1 axes, got 1");
  });
});
