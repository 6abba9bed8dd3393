import { afterEach, describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { type Tensor } from "../../engine/tensor.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { add, mul } from "../../kernels/pointwise/binary.ts";
import { scale, square } from "../../kernels/pointwise/unary.ts";
import { sum } from "../../kernels/reduction/reduction.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const tapes: Tape[] = [];
const newTape = (): Tape => {
  const tape = new Tape(device());
  tapes.push(tape);
  return tape;
};
afterEach(() => {
  for (const tape of tapes.splice(0)) tape.end();
});
const values = async (x: Tensor): Promise<number[]> => [...(await read(device(), x))];
const grad = (x: Tensor): Promise<number[]> => values(x.grad!);
const xy = (): [Tensor, Tensor] => [leaf(device(), [1, 2, 3], [3]), leaf(device(), [10, 20, 30], [3])];

describe("gradients", () => {
  it("add up over the uses of a tensor", async () => {
    const [x] = xy();
    const tape = newTape();
    const y = square(tape, x); // used by both branches
    tape.backward(sum(tape, add(tape, scale(tape, y, 2), mul(tape, y, x)))); // 2x² + x³
    expect(await grad(x)).toEqual([1, 2, 3].map((v) => 4 * v + 3 * v * v));
  });

  it("of add(x, x) and mul(x, x): one tensor as both inputs", async () => {
    const [x] = xy();
    const tape = newTape();
    const y = scale(tape, x, 1);
    tape.backward(sum(tape, add(tape, add(tape, y, y), mul(tape, y, y))));
    expect(await grad(x)).toEqual([4, 6, 8]);
  });

  it("are added to what a leaf has, over several tapes", async () => {
    const [x] = xy();
    for (const factor of [1, 10]) {
      const tape = newTape();
      tape.backward(sum(tape, scale(tape, x, factor)));
    }
    expect(await grad(x)).toEqual([11, 11, 11]);
  });

  it("that two inputs share are not overwritten by a later sum into one of them", async () => {
    const [x, y] = xy();
    const tape = newTape();
    const [a, b] = [scale(tape, x, 1), scale(tape, y, 1)];
    const early = scale(tape, a, 5); // its gradient reaches `a` after add's, which `b` shares
    const both = add(tape, a, b);
    tape.backward(sum(tape, add(tape, early, both)));
    expect([await grad(x), await grad(y)]).toEqual([
      [6, 6, 6],
      [1, 1, 1],
    ]);
  });

  it("given by the caller stay as they are", async () => {
    const [x] = xy();
    const tape = newTape();
    const dy = tape.upload(Float32Array.of(1, 2, 3), [3]);
    const y = scale(tape, x, 2);
    const z = add(tape, y, y);
    tape.seedGradient(y, dy);
    tape.seedGradient(z, dy);
    tape.backwardFromSeeds();
    expect(await grad(x)).toEqual([6, 12, 18]);
    expect(await values(dy)).toEqual([1, 2, 3]);
  });

  it("flow from several outputs at once", async () => {
    const [x, y] = xy();
    const tape = newTape();
    const first = sum(tape, mul(tape, x, y));
    const second = scale(tape, x, 3);
    tape.seedGradient(first);
    tape.seedGradient(second, tape.upload(Float32Array.of(1, 0, -1), [3]));
    tape.backwardFromSeeds();
    expect([await grad(x), await grad(y)]).toEqual([
      [13, 20, 27],
      [1, 2, 3],
    ]);
  });

  it("flow through views, and not through detach", async () => {
    const [x] = xy();
    const tape = newTape();
    const view = tape.reshape(x, [1, 3]);
    expect(tape.detach(x).needsGrad).toBe(false);
    tape.backward(sum(tape, mul(tape, tape.reshape(view, [3]), square(tape, tape.detach(x)))));
    expect(await grad(x)).toEqual([1, 4, 9]);
  });

  it("of a view and of its original add up", async () => {
    const [x] = xy();
    const tape = newTape();
    const y = scale(tape, x, 2);
    tape.backward(sum(tape, add(tape, square(tape, y), tape.reshape(tape.reshape(y, [3, 1]), [3]))));
    expect(await grad(x)).toEqual([1, 2, 3].map((v) => 8 * v + 2));
  });

  it("are not wanted by tensors without them", async () => {
    const [x] = xy();
    const constant = tensor(device(), [2, 2, 2], [3]);
    const tape = newTape();
    const y = mul(tape, x, square(tape, constant));
    tape.backward(sum(tape, y));
    expect([constant.needsGrad, y.needsGrad]).toEqual([false, true]);
    expect(await grad(x)).toEqual([4, 4, 4]);
  });
});

describe("gradientOf", () => {
  /** y = x whose rule adds dy to gradientOf(x) itself, as rules of parameters do. */
  const addingIdentity = (tape: Tape, x: Tensor): Tensor => {
    const y = scale(tape, tape.detach(x), 1);
    return tape.record("identity", [x], y, [], (dy) => {
      const dx = tape.gradientOf(x);
      const total = add(tape, dx, dy);
      device().recorder.copy(total.storage.buffer, 0, dx.storage.buffer, 0, dx.bytes);
      return [undefined];
    });
  };

  it("is a leaf's own gradient, and zero for a tensor that got none", async () => {
    const [x] = xy();
    const tape = newTape();
    expect(tape.gradientOf(x)).toBe(x.grad);
    expect(await values(tape.gradientOf(tape.filled([2], 7)))).toEqual([0, 0]);
  });

  it("accumulates into a gradient that others share without changing theirs", async () => {
    const [x, y] = xy();
    const tape = newTape();
    const [a, b] = [scale(tape, x, 1), scale(tape, y, 1)];
    const early = scale(tape, addingIdentity(tape, a), 5);
    const both = add(tape, a, b);
    tape.backward(sum(tape, add(tape, early, both)));
    expect([await grad(x), await grad(y)]).toEqual([
      [6, 6, 6],
      [1, 1, 1],
    ]);
  });

  it("and returned gradients add up, in either order", async () => {
    const [x] = xy();
    const tape = newTape();
    const y = scale(tape, x, 1);
    const parts = [scale(tape, y, 2), addingIdentity(tape, y), scale(tape, y, 3), addingIdentity(tape, y)];
    tape.backward(
      sum(
        tape,
        parts.reduce((total, part) => add(tape, total, part)),
      ),
    );
    expect(await grad(x)).toEqual([7, 7, 7]);
  });
});

describe("errors", () => {
  it("a loss of several elements", () => {
    const tape = newTape();
    const y = square(tape, xy()[0]);
    expect(() => tape.backward(y)).toThrow("backward: loss: expected a single element, or dy given, got [3]");
    expect(() => tape.backward(y, tape.filled([2], 1))).toThrow("backward: dy: expected [3], got [2]");
  });

  it("a loss that depends on nothing", () => {
    const tape = newTape();
    expect(() => tape.backward(tape.filled([1], 1))).toThrow(
      "backward: the loss does not depend on any tensor that needs gradients",
    );
  });

  it("backward twice, and the loss of another tape", () => {
    const tape = newTape();
    const loss = sum(tape, square(tape, xy()[0]));
    expect(() => newTape().backward(loss)).toThrow(
      "backward: the loss is not on this tape, or backward has already run through it",
    );
    tape.backward(loss);
    expect(() => tape.backward(loss)).toThrow("already run");
  });

  it("a rule whose gradient has another shape", () => {
    const [x] = xy();
    const tape = newTape();
    const y = tape.record("wrong", [x], tape.filled([1], 0), [], () => [tape.filled([2], 0)]);
    expect(() => tape.backward(y)).toThrow("backward: gradient of wrong's input 0: expected [3], got [2]");
  });

  it("an upload of another size", () => {
    expect(() => newTape().upload(Float32Array.of(1), [2])).toThrow("upload: data: expected 2 elements for [2], got 1");
  });
});

it("ends with the block of its `using`", () => {
  let x: Tensor;
  {
    using tape = newTape();
    x = tape.filled([2], 1);
    expect(x.storage.buffer.size).toBeGreaterThan(0);
  }
  expect(() => x.storage.buffer).toThrow("a tensor was used after its scope, its tape or release() freed it");
});

it("new tensors of a poisoned device are NaN until something is written", async () => {
  expect(await values(newTape().empty([2]))).toEqual([NaN, NaN]);
});
