import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { release, type Tensor } from "../../engine/tensor.ts";
import { leaf, read } from "../../engine/transfer.ts";
import { add, mul } from "../../kernels/pointwise/binary.ts";
import { exp, scale, square } from "../../kernels/pointwise/unary.ts";
import { sum } from "../../kernels/reduction/reduction.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const live = (): number => device().pool.statistics.liveBytes;

/** Bytes that are still in use after `body`, which gets a leaf of 256 bytes. */
async function leaked(body: (x: Tensor) => Promise<void> | void): Promise<number> {
  const x = leaf(device(), new Float32Array(64).fill(0.5), [64]);
  const before = live();
  await body(x);
  const after = live();
  release(x);
  return after - before;
}

describe("a tape's memory", () => {
  it("is given back at end(), after backward and without it", async () => {
    for (const backward of [true, false])
      expect(
        await leaked((x) => {
          const tape = new Tape(device());
          const loss = sum(tape, mul(tape, exp(tape, x), add(tape, x, x)));
          if (backward) tape.backward(loss);
          tape.end();
          tape.end();
        }),
      ).toBe(0);
  });

  it("is given back where a rule throws, and where a checkpointed function throws in its second run", async () => {
    const failing = (tape: Tape, x: Tensor): Tensor => {
      const y = exp(tape, x);
      return tape.record("failing", [y], exp(tape, y), [x, y], () => {
        tape.filled([64], 1);
        throw new Error("the rule failed");
      });
    };
    expect(
      await leaked((x) => {
        const tape = new Tape(device());
        expect(() => tape.backward(sum(tape, failing(tape, square(tape, x))))).toThrow("the rule failed");
        tape.end();
      }),
    ).toBe(0);
    for (const fails of ["body", "rule"])
      expect(
        await leaked((x) => {
          const tape = new Tape(device());
          const y = tape.checkpoint((h) => {
            const z = tape.scope(() => exp(tape, square(tape, h)));
            if (fails === "body" && tape.recomputing) throw new Error("the body failed");
            return fails === "rule" ? square(tape, failing(tape, z)) : z;
          }, x);
          expect(() => tape.backward(sum(tape, y))).toThrow(`the ${fails} failed`);
          expect([tape.recomputing, tape.recording]).toEqual([false, true]);
          tape.end();
        }),
      ).toBe(0);
  });

  it("is given back where forward throws in nested scopes", async () => {
    expect(
      await leaked((x) => {
        const tape = new Tape(device());
        const attempt = () =>
          tape.checkpoint(
            (h) =>
              tape.scope(() => {
                exp(tape, h);
                return tape.checkpoint((g) => {
                  square(tape, g);
                  throw new Error("forward failed");
                }, h);
              }),
            x,
          );
        expect(attempt).toThrow("forward failed");
        expect(tape.recording).toBe(true);
        tape.end();
      }),
    ).toBe(0);
  });

  it("without gradients holds nothing beyond a scope but its result", async () => {
    const tape = new Tape(device(), { grad: false });
    const x = leaf(device(), new Float32Array(64), [64]);
    const before = live();
    const y = tape.scope(() => exp(tape, square(tape, add(tape, x, x))));
    expect([y.needsGrad, tape.recording, tape.training]).toEqual([false, false, false]);
    expect(live() - before).toBe(256);
    tape.end();
    expect(live()).toBe(before);
    release(x);
  });

  it("with gradients also holds what was saved for backward, until that has passed", async () => {
    const x = leaf(device(), new Float32Array(64).fill(1), [64]);
    const tape = new Tape(device());
    const before = live();
    const y = tape.scope(() => {
      const a = scale(tape, x, 2); // saved by square
      add(tape, a, a); // saved by nobody
      return square(tape, a);
    });
    expect(live() - before).toBe(2 * 256);
    for (let i = 0; i < 5; i++) tape.scope(() => [tape.filled([64], NaN), tape.filled([64], NaN)].slice(2)); // would overwrite a freed tensor
    tape.backward(y, tape.filled([64], 1));
    expect([...(await read(device(), x.grad!))]).toEqual(new Array(64).fill(8));
    expect(live() - before).toBe(2 * 256); // y and dy
    tape.end();
    expect(live()).toBe(before);
    release(x);
  });

  it("lets backward free each activation at its last use: a chain's peak hardly grows in backward", async () => {
    const x = leaf(device(), new Float32Array(1024).fill(0.1), [1024]);
    const tape = new Tape(device());
    let y = x;
    for (let i = 0; i < 20; i++) {
      const input = y;
      y = tape.scope(() => square(tape, scale(tape, input, 1)));
    }
    const forward = live();
    device().pool.resetPeak();
    tape.backward(sum(tape, y));
    expect(device().pool.statistics.peakBytes - forward).toBeLessThanOrEqual(4 * 4096);
    tape.end();
    release(x);
  });

  it("of a second run of a checkpointed function holds only what was saved", () => {
    const x = leaf(device(), new Float32Array(1024).fill(0.1), [1024]);
    const tape = new Tape(device());
    const y = tape.checkpoint((h) => {
      for (let i = 0; i < 20; i++) scale(tape, tape.detach(h), i);
      return square(tape, h);
    }, x);
    let heldInBackward = 0;
    const z = tape.checkpoint((h) => {
      for (let i = 0; i < 20; i++) scale(tape, tape.detach(h), i);
      return tape.record("probe", [h], scale(tape, tape.detach(h), 1), [], (dy) => {
        heldInBackward = live();
        return [dy];
      });
    }, y);
    const before = live();
    tape.backward(z, tape.filled([1024], 1));
    expect(heldInBackward - before).toBeLessThanOrEqual(3 * 4096);
    tape.end();
    release(x);
  });

  it("keeps a scope's several results, and an input that is returned as it is", async () => {
    const x = leaf(device(), [1], [1]);
    const tape = new Tape(device());
    const before = live();
    const [a, b, c] = tape.scope(() => [scale(tape, x, 2), x, scale(tape, x, 3)] as const);
    expect(live() - before).toBe(2 * 256);
    expect([b === x, (await read(device(), a))[0], (await read(device(), c))[0]]).toEqual([true, 2, 3]);
    tape.end();
    expect((await read(device(), x))[0]).toBe(1);
    release(x);
  });

  it("refuses a tensor that its scope did not return", () => {
    const tape = new Tape(device(), { grad: false });
    let inner: Tensor | undefined;
    tape.scope(() => {
      inner = tape.filled([1], 1);
      return [];
    });
    expect(() => square(tape, inner!)).toThrow("a tensor was used after its scope");
    tape.end();
  });
});
