import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { release, type Tensor } from "../../engine/tensor.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { batchNorm } from "../../kernels/batch_norm/batch_norm.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { add } from "../../kernels/pointwise/binary.ts";
import { tanh } from "../../kernels/pointwise/unary.ts";
import { sum } from "../../kernels/reduction/reduction.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const DIM = 8;
const numbers = (count: number, offset: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + offset) / 2);

type Layer = (tape: Tape, x: Tensor, weight: Tensor, layer: number) => Tensor;
type Wrap = (tape: Tape, body: (x: Tensor) => Tensor, x: Tensor) => Tensor;

const wraps: Record<"plain" | "checkpointed" | "nested" | "scoped", Wrap> = {
  plain: (_, body, x) => body(x),
  checkpointed: (tape, body, x) => tape.checkpoint(body, x),
  nested: (tape, body, x) => tape.checkpoint((h) => tape.scope(() => tape.checkpoint(body, h)), x),
  scoped: (tape, body, x) => tape.scope(() => tape.checkpoint((h) => tape.scope(() => body(h)), x)),
};

/** A chain of layers that share one weight. Loss, gradients and the peak of memory above what there was. */
async function run(layer: Layer, wrap: Wrap, layers = 3, rows = 5) {
  const x = leaf(device(), numbers(rows * DIM, 0), [rows, DIM]);
  const weight = leaf(device(), numbers(DIM * DIM, 5), [DIM, DIM]);
  const before = device().pool.statistics.liveBytes;
  device().pool.resetPeak();
  const tape = new Tape(device(), { seed: 3, step: 1 });
  let y = x;
  for (let i = 0; i < layers; i++) y = wrap(tape, (h) => layer(tape, h, weight, i), y);
  const loss = tape.scope(() => sum(tape, y));
  tape.backward(loss);
  const peak = device().pool.statistics.peakBytes - before;
  const results = {
    loss: await read(device(), loss),
    dx: await read(device(), x.grad!),
    dweight: await read(device(), weight.grad!),
  };
  tape.end();
  expect(device().pool.statistics.liveBytes).toBe(before);
  release(x);
  release(weight);
  return { results, peak };
}

const residual: Layer = (tape, x, weight) => add(tape, x, tanh(tape, linear(tape, x, weight)));
const withDropout: Layer = (tape, x, weight, layer) => dropout(tape, residual(tape, x, weight, layer), 0.4, layer);

describe("checkpoint", () => {
  for (const [name, layer] of Object.entries({ residual, withDropout }))
    it.each(["checkpointed", "nested", "scoped"] as const)(
      `gives the same bits as without: ${name}, %s`,
      async (kind) => {
        const { results } = await run(layer, wraps[kind]);
        expect(results).toEqual((await run(layer, wraps.plain)).results);
        expect(results.dweight.some((value) => value !== 0)).toBe(true);
      },
    );

  it("drops other elements at another site and at another step", async () => {
    const other: Layer = (tape, x, weight, layer) => withDropout(tape, x, weight, layer + 1);
    expect((await run(other, wraps.plain)).results.dx).not.toEqual((await run(withDropout, wraps.plain)).results.dx);
  });

  it("moves batch norm's running statistics once", async () => {
    const means: number[][] = [];
    for (const wrap of [wraps.plain, wraps.checkpointed, wraps.nested]) {
      const [scale, shift] = [
        tensor(device(), new Float32Array(DIM).fill(1), [DIM]),
        tensor(device(), new Float32Array(DIM), [DIM]),
      ];
      const running = {
        mean: tensor(device(), new Float32Array(DIM), [DIM]),
        variance: tensor(device(), new Float32Array(DIM).fill(1), [DIM]),
      };
      await run(
        (tape, x, weight) => batchNorm(tape, linear(tape, x, weight), scale, shift, running, { training: true }),
        wrap,
      );
      means.push([...(await read(device(), running.mean)), ...(await read(device(), running.variance))]);
    }
    expect(means[1]).toEqual(means[0]);
    expect(means[2]).toEqual(means[0]);
    expect(means[0]!.slice(0, DIM)).not.toEqual(new Array(DIM).fill(0));
  });

  it("needs less memory at its peak: one tensor a layer instead of four", async () => {
    const deep: Layer = (tape, x, weight) => residual(tape, residual(tape, x, weight, 0), weight, 0);
    const plain = await run(deep, wraps.plain, 12, 64);
    const checkpointed = await run(deep, wraps.checkpointed, 12, 64);
    expect(checkpointed.peak).toBeLessThan(0.5 * plain.peak);
  });

  it("gives gradients to several inputs, and none to those that need none", async () => {
    const [a, b] = [leaf(device(), [1, 2], [2]), leaf(device(), [3, 4], [2])];
    const constant = tensor(device(), [5, 6], [2]);
    const tape = new Tape(device());
    const y = tape.checkpoint((p, q, r) => add(tape, add(tape, p, p), add(tape, q, r)), a, b, constant);
    tape.backward(sum(tape, y));
    expect([...(await read(device(), a.grad!))]).toEqual([2, 2]);
    expect([...(await read(device(), b.grad!))]).toEqual([1, 1]);
    tape.end();
  });

  it("of the identity passes the gradient on", async () => {
    const x = leaf(device(), [1, 2], [2]);
    const tape = new Tape(device());
    tape.backward(
      sum(
        tape,
        tape.checkpoint((h) => h, x),
      ),
    );
    expect([...(await read(device(), x.grad!))]).toEqual([1, 1]);
    tape.end();
  });

  it("runs once where there are no gradients", () => {
    const tape = new Tape(device(), { grad: false });
    let runs = 0;
    tape.checkpoint(
      (h) => {
        runs++;
        return tanh(tape, h);
      },
      tape.filled([2], 1),
    );
    expect([runs, tape.recomputing]).toEqual([1, false]);
    tape.end();
  });
});
