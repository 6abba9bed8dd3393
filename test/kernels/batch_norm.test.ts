import { expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { batchNorm } from "../../kernels/batch_norm/batch_norm.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

/** Running mean after one step over the values 1, 2, 3, 6, starting from 10. */
async function runningMean(options: { training: boolean; checkpoint: boolean }): Promise<ArrayLike<number>> {
  const x = leaf(device(), [1, 2, 3, 6], [1, 4, 1]);
  const [scale, shift] = [leaf(device(), [1], [1]), leaf(device(), [0], [1])];
  const running = { mean: tensor(device(), [10], [1]), variance: tensor(device(), [1], [1]) };
  const tape = new Tape(device());
  const body = (h: typeof x) =>
    batchNorm(tape, h, scale, shift, running, { training: options.training, momentum: 0.5 });
  const y = options.checkpoint ? tape.checkpoint(body, x) : body(x);
  tape.backward(y, tape.filled(y.shape, 1));
  tape.end();
  return read(device(), running.mean);
}

it("moves the running statistics once per step, also when a checkpoint runs it again", async () => {
  expect(await runningMean({ training: true, checkpoint: false })).toEqual(Float32Array.of(6.5));
  expect(await runningMean({ training: true, checkpoint: true })).toEqual(Float32Array.of(6.5));
});

it("leaves the running statistics alone in evaluation", async () => {
  expect(await runningMean({ training: false, checkpoint: false })).toEqual(Float32Array.of(10));
});

it("refuses lengths without a frame axis", () => {
  const vector = tensor(device(), [1, 1], [2]);
  const lengths = tensor(device(), Int32Array.of(1), [1]);
  const call = () =>
    batchNorm(
      new Tape(device()),
      tensor(device(), [1, 2], [1, 2]),
      vector,
      vector,
      { mean: vector, variance: vector },
      { training: false, lengths },
    );
  expect(call).toThrow("batchNorm: x: expected 3 axes, as there are lengths, got [1, 2]");
});
