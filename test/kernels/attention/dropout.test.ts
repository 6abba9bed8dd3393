import { describe, expect, it } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { Tape } from "../../../engine/tape.ts";
import { release, type Tensor } from "../../../engine/tensor.ts";
import { leaf, read } from "../../../engine/transfer.ts";
import { attention } from "../../../kernels/attention/attention.ts";
import { testDevice } from "../../test_device.ts";

// That dropped weights and their gradients are right is in the case lists of attention. Here: which weights are dropped.
const device = testDevice();
const [batch, heads, queries, keys] = [3, 4, 60, 16];
const dim = heads * keys;

/**
 * Whether each weight is kept, `[batch, heads, queries, keys]`. Queries and keys of zeros give all keys equal weights, and values that
 * are a unit matrix in each head give the weights themselves.
 */
async function kept(rate: number, options: { seed?: number; step?: number; site?: number } = {}): Promise<boolean[]> {
  const { site = 9, ...names } = options;
  const tape = new Tape(device(), { grad: false, training: true, ...names });
  const unit = Float32Array.from({ length: batch * keys * dim }, (_, i) =>
    i % keys === Math.floor(i / dim) % keys ? keys : 0,
  );
  const value = tape.upload(unit, [batch, keys, dim]);
  const y = attention(tape, tape.filled([batch, queries, dim], 0), tape.filled([batch, keys, dim], 0), value, {
    heads,
    dropout: { rate, site },
  });
  const weights = await read(device(), y); // [batch, queries, heads, keys]
  tape.end();
  const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-5;
  expect([...weights].every((w) => close(w, 0) || close(w, 1 / (1 - rate)))).toBe(true);
  return Array.from({ length: weights.length }, (_, n) => {
    const [key, query, head, utterance] = placeOf(n);
    return weights[((utterance * queries + query) * heads + head) * keys + key] !== 0;
  });
}

/** Key, query, head and utterance of element n. */
const placeOf = (n: number): readonly [number, number, number, number] => {
  const [rows, planes] = [Math.floor(n / keys), Math.floor(n / (keys * queries))];
  return [n % keys, rows % queries, planes % heads, Math.floor(planes / heads)];
};

/** How far the share of `events` is from what is expected, in standard deviations. */
const deviations = (events: readonly boolean[], expected: number): number =>
  Math.abs(events.filter(Boolean).length / events.length - expected) /
  Math.sqrt((expected * (1 - expected)) / events.length);

describe("dropout of attention's weights", () => {
  it("keeps a weight exactly when engine/random.ts says so", async () => {
    const got = await kept(0.3, { seed: 11, step: 5, site: 7 });
    const expected = got.map((_, n) => {
      const [key, query, head, utterance] = placeOf(n);
      return uniform(11, 5, 7, utterance * heads + head, query, key) >= 0.3;
    });
    expect(got).toEqual(expected);
  });

  it("drops at its rate", async () => {
    for (const rate of [0.1, 0.5]) expect(deviations(await kept(rate), 1 - rate)).toBeLessThan(4);
  });

  it("decides independently for neighbouring keys, queries, heads and utterances", async () => {
    const got = await kept(0.3);
    for (const apart of [1, keys, keys * queries, keys * queries * heads]) {
      const pairs = got.slice(apart).map((other, n) => !other && !(got[n] as boolean));
      expect(deviations(pairs, 0.09), `${apart} elements apart`).toBeLessThan(4);
    }
  });

  it("decides independently at another site, step or seed", async () => {
    const first = await kept(0.3);
    for (const options of [{ site: 10 }, { step: 1 }, { seed: 1 }]) {
      const other = await kept(0.3, options);
      const pairs = first.map((one, n) => !one && !(other[n] as boolean));
      expect(deviations(pairs, 0.09), JSON.stringify(options)).toBeLessThan(4);
    }
  });

  it("is off when not training, and at rate 0", async () => {
    const values = Float32Array.from({ length: 2 * 5 * 6 }, (_, i) => Math.sin(i));
    const run = async (training: boolean, rate: number | undefined): Promise<number[]> => {
      const tape = new Tape(device(), { grad: false, training });
      const x = tape.upload(values, [2, 5, 6]);
      const y = await read(
        device(),
        attention(tape, x, x, x, { heads: 2, ...(rate !== undefined && { dropout: { rate, site: 1 } }) }),
      );
      tape.end();
      return [...y];
    };
    const plain = await run(true, undefined);
    expect(await run(false, 0.5)).toEqual(plain);
    expect(await run(true, 0)).toEqual(plain);
    expect(await run(true, 0.5)).not.toEqual(plain);
  });

  it("has the same gradients under a checkpoint, which runs it again", async () => {
    const values = Float32Array.from({ length: 2 * 18 * 6 }, (_, i) => Math.sin(7 * i));
    const gradient = async (checkpoint: boolean, seed = 3): Promise<number[]> => {
      const x = leaf(device(), values, [2, 18, 6]);
      const tape = new Tape(device(), { seed, step: 9 });
      const body = (h: Tensor): Tensor => attention(tape, h, h, h, { heads: 2, dropout: { rate: 0.5, site: 4 } });
      const dy = tape.upload(Float32Array.from(values, Math.cos), [2, 18, 6]);
      tape.backward(checkpoint ? tape.checkpoint(body, x) : body(x), dy);
      const dx = await read(device(), x.grad as Tensor);
      tape.end();
      release(x);
      return [...dx];
    };
    const plain = await gradient(false);
    expect(await gradient(true)).toEqual(plain);
    expect(await gradient(false, 4)).not.toEqual(plain);
  });

  it("refuses a rate of 1", () => {
    const tape = new Tape(device());
    const x = tape.filled([1, 1, 1], 0);
    expect(() => attention(tape, x, x, x, { heads: 1, dropout: { rate: 1, site: 0 } })).toThrow(
      "attention: rate: expected a number in [0, 1), got 1",
    );
    tape.end();
  });
});
