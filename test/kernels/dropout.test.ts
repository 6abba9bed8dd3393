import { describe, expect, it } from "vitest";
import { uniform } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { type Tensor } from "../../engine/tensor.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { attention } from "../../kernels/attention/attention.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { residual } from "../../kernels/dropout/residual.ts";
import { square } from "../../kernels/pointwise/unary.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const COUNT = 40_000;

async function mask(
  site: number,
  options: { seed?: number; step?: number; training?: boolean } = {},
  rate = 0.3,
): Promise<boolean[]> {
  const tape = new Tape(device(), { grad: false, training: true, ...options });
  const y = await read(device(), dropout(tape, tape.filled([COUNT], 1), rate, site));
  tape.end();
  return [...y].map((value) => value !== 0);
}

const rateOf = (dropped: boolean[]): number => dropped.filter((kept) => !kept).length / dropped.length;

describe("dropout", () => {
  it("drops at its rate: within four standard deviations", async () => {
    for (const rate of [0.1, 0.5]) {
      const deviation = Math.sqrt((rate * (1 - rate)) / COUNT);
      expect(Math.abs(rateOf(await mask(1, {}, rate)) - rate)).toBeLessThan(4 * deviation);
    }
  });

  it("decides independently at another site, step or seed", async () => {
    const first = await mask(1);
    for (const other of [await mask(2), await mask(1, { step: 1 }), await mask(1, { seed: 1 })]) {
      const bothDropped = first.filter((kept, i) => !kept && !other[i]).length / COUNT;
      expect(Math.abs(bothDropped - 0.09)).toBeLessThan(4 * Math.sqrt((0.09 * 0.91) / COUNT));
    }
  });

  it("keeps an element exactly when engine/random.ts says so", async () => {
    const got = await mask(7, { seed: 11, step: 5 });
    expect(got).toEqual(got.map((_, i) => uniform(11, 5, 7, i) >= 0.3));
  });

  it("drops from a part of a batch what it drops there from the whole, also within attention", async () => {
    const [batch, queries, dim] = [5, 3, 8];
    const x = Float32Array.from({ length: batch * queries * dim }, (_, i) => Math.sin(i));
    const of = async (before: number, count: number, rows: boolean): Promise<number[][]> => {
      const tape = new Tape(device(), {
        training: true,
        grad: false,
        seed: 3,
        ...(rows && { rows: { before, count } }),
      });
      const row = queries * dim;
      const own = tape.upload(x.slice(before * row, (before + count) * row), [count, queries, dim]);
      const found = [
        dropout(tape, own, 0.4, 1),
        residual(tape, own, own, 0.5, 0.4, 2),
        attention(tape, own, own, own, { heads: 2, dropout: { rate: 0.4, site: 3 } }),
        dropout(tape, own, 0.4, 4, { ofUtterances: false }),
      ];
      const values = [];
      for (const y of found) values.push([...(await read(device(), y))]);
      tape.end();
      return values;
    };
    const whole = await of(0, batch, false);
    for (const [before, count] of [
      [0, 2],
      [2, 3],
      [4, 1],
    ] as const) {
      const [from, to] = [before * queries * dim, (before + count) * queries * dim];
      const part = await of(before, count, true);
      for (const i of [0, 1, 2]) expect(part[i]).toEqual(whole[i]!.slice(from, to));
      const kept = (values: number[]): boolean[] => values.map((value) => value !== 0);
      expect(kept(part[3]!)).toEqual(kept(whole[3]!).slice(0, to - from)); // what utterances share
    }
  });

  it("gives x itself when not training", () => {
    const x = tensor(device(), [1, 2], [2]);
    const tape = new Tape(device(), { grad: false, training: false });
    expect(dropout(tape, x, 0.5, 1)).toBe(x);
  });

  it("has the same gradients under a checkpoint, which runs it again", async () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => i + 1);
    const gradient = async (checkpoint: boolean): Promise<number[]> => {
      const x = leaf(device(), values, [100]);
      const tape = new Tape(device(), { seed: 3, step: 9 });
      const body = (h: Tensor): Tensor => square(tape, dropout(tape, h, 0.5, 4));
      tape.backward(checkpoint ? tape.checkpoint(body, x) : body(x), tape.filled([100], 1));
      const dx = await read(device(), x.grad!);
      tape.end();
      return [...dx];
    };
    const plain = await gradient(false);
    expect(plain).toContain(0);
    expect(plain.some((value) => value !== 0)).toBe(true);
    expect(await gradient(true)).toEqual(plain);
  });

  it("refuses a rate of 1", () => {
    const tape = new Tape(device());
    expect(() => dropout(tape, tape.filled([1], 1), 1, 0)).toThrow("dropout: rate: expected a number in [0, 1), got 1");
  });
});
