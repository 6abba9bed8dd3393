import { describe, expect, it } from "vitest";
import { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import type { ConformerConfig } from "../../model/conformer/config.ts";
import { ConformerCtc } from "../../model/conformer/conformer_ctc.ts";
import { jointLoss, jointLossDefaults } from "../../model/joint_loss.ts";
import { subsampledLength } from "../../model/conformer/subsampling.ts";
import { depthSchedule } from "../../model/unfold.ts";
import { optimizerStep } from "../../train/optimizer.ts";
import { testDevice } from "../test_device.ts";
import { tiny } from "./tiny_conformer.ts";

// What must hold for any model of the kind, on a tiny one with every part.
const DEPTHS = [5, 2, 3];
const schedules = DEPTHS.map((depth) => depthSchedule("cycle", tiny.blocks, depth));
const device = testDevice();

const largest = (values: Iterable<number>): number => Math.max(...[...values].map(Math.abs)); // NaN if any is

function build(changes: Partial<ConformerConfig> = {}) {
  const parameters = new Parameters();
  const model = new ConformerCtc(parameters, { ...tiny, ...changes });
  parameters.seal(device(), { seed: 4 });
  return { parameters, model };
}

/** Features of an utterance by its number, and at padding whatever else: the numbers of another. */
const frame = (utterance: number, t: number, bin: number): number => normal(utterance, t, bin);
function batchOf(
  utterances: readonly number[],
  lengths: readonly number[],
  longest = Math.max(...lengths),
): Float32Array {
  const values = new Float32Array(utterances.length * longest * tiny.inputDim);
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor(i / tiny.inputDim);
    const [item, t] = [Math.floor(row / longest), row % longest];
    values[i] =
      t < lengths[item]! ? frame(utterances[item]!, t, i % tiny.inputDim) : 50 * frame(99, row, i % tiny.inputDim);
  }
  return values;
}

/** Logits of the first utterance's real frames, at each depth. */
async function logitsOfFirst(
  model: ConformerCtc,
  utterances: readonly number[],
  lengths: readonly number[],
  longest?: number,
): Promise<number[][]> {
  const tape = new Tape(device(), { grad: false });
  const features = batchOf(utterances, lengths, longest);
  const frames = features.length / tiny.inputDim / utterances.length;
  const { logits } = model.forward(
    tape,
    tape.upload(features, [utterances.length, frames, tiny.inputDim]),
    lengths,
    schedules,
  );
  const real = subsampledLength(lengths[0]!) * tiny.vocabulary;
  const results = await Promise.all(logits.map(async (y) => [...(await read(device(), y)).subarray(0, real)]));
  tape.end();
  return results;
}

/** Not to the bit: sums may be cut into other parts for other sizes. A leak of padding, which is 50 times as loud, would be far larger. */
function expectSameLogits(got: number[][], expected: number[][]): void {
  expected.forEach((logits, path) => {
    const bound = 1e-5 * largest(logits);
    expect(got[path]!.length).toBe(logits.length);
    expect(largest(logits.map((value, i) => value - got[path]![i]!)), `depth ${DEPTHS[path]}`).toBeLessThan(bound);
  });
}

describe("an utterance's logits, at each depth and to 1e-5 of the largest,", () => {
  for (const convNorm of ["layer_norm", "batch_norm"] as const) {
    it(`do not depend on padding or on other utterances (${convNorm})`, async () => {
      const { model, parameters } = build({ convNorm });
      const alone = await logitsOfFirst(model, [1], [23]);
      expect(alone.flat().every(Number.isFinite)).toBe(true);
      expect(alone[0]).not.toEqual(alone[1]);
      expectSameLogits(await logitsOfFirst(model, [1], [23], 50), alone);
      expectSameLogits(await logitsOfFirst(model, [1, 2], [23, 41]), alone);
      expectSameLogits(await logitsOfFirst(model, [1, 3, 2], [23, 9, 30]), alone);
      parameters.release();
    });
  }

  it("do depend on padding where the convolution is not masked, as in ESPnet", async () => {
    const { model, parameters } = build({ convMask: "none" });
    const [alone, padded] = [await logitsOfFirst(model, [1], [23]), await logitsOfFirst(model, [1], [23], 50)];
    expect(largest(alone[0]!.map((value, i) => value - padded[0]![i]!))).toBeGreaterThan(1e-3);
    parameters.release();
  });
});

interface StepOptions {
  readonly checkpointing?: boolean;
  readonly paths?: typeof schedules;
}

/** One forward and backward pass with dropout, at three depths if no others are given. */
function encodeStep(tape: Tape, model: ConformerCtc, { checkpointing = false, paths = schedules }: StepOptions) {
  const lengths = [37, 29];
  const features = tape.upload(batchOf([1, 2], lengths), [2, 37, tiny.inputDim]);
  const output = model.forward(tape, features, lengths, paths, { checkpointing });
  const targets = tape.upload(Int32Array.of(1, 2, 3, 4, 4, 0), [2, 3]);
  const loss = jointLoss(
    tape,
    output,
    { targets, targetLengths: tape.upload(Int32Array.of(3, 2), [2]), lengths: output.deviceLengths },
    jointLossDefaults,
  );
  tape.backward(loss.total);
  return loss.total;
}

const ADAMW = { betas: [0.9, 0.98], eps: 1e-9, weightDecay: 0.01, maxGradNorm: 5 } as const;

/** A short training run: losses, and everything the model is afterwards. */
async function trainSteps(
  steps: number,
  options: StepOptions & Partial<ConformerConfig>,
  afterStep: () => void = () => undefined,
) {
  const { parameters, model } = build(options);
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const tape = new Tape(device(), { seed: 7, step });
    const loss = encodeStep(tape, model, options);
    optimizerStep(tape, parameters, ADAMW, 0.01, step);
    const value = read(device(), loss);
    tape.end();
    losses.push((await value)[0]!);
    afterStep();
  }
  const values = await parameters.read("values");
  parameters.release();
  return { losses, values };
}

/** All gradients of one step, and all values, running statistics among them. */
async function gradientsOf(options: StepOptions & Partial<ConformerConfig>) {
  const { parameters, model } = build(options);
  const tape = new Tape(device(), { seed: 7, step: 1 });
  encodeStep(tape, model, options);
  tape.end();
  const result = { grads: await parameters.read("grads"), values: await parameters.read("values") };
  parameters.release();
  return result;
}

describe("a training step", () => {
  for (const convNorm of ["layer_norm", "batch_norm"] as const) {
    it(`along one path has the same gradients, to the bit, with checkpointing and without (${convNorm})`, async () => {
      const paths = [schedules[0]!];
      const plain = await gradientsOf({ convNorm, paths });
      expect(await gradientsOf({ convNorm, paths, checkpointing: true })).toEqual(plain);
      const silent = [...plain.grads].filter(
        ([, { values }]) => values.every((value) => value === 0) || !values.every(Number.isFinite),
      );
      expect(silent.map(([name]) => name)).toEqual([]);
    });

    it(`along several paths has the same gradients to 1e-5 (${convNorm})`, async () => {
      // A state where paths part gets its gradient in three summands, whose order checkpointing changes.
      const plain = await gradientsOf({ convNorm });
      const checkpointed = await gradientsOf({ convNorm, checkpointing: true });
      expect(checkpointed.values).toEqual(plain.values);
      // Of each tensor's largest; but biases of keys, and those before a batch norm, have gradients of 0, that is rounding errors of
      // sums of the model's other gradients.
      const rounding = 1e-6 * Math.max(...[...plain.grads.values()].map(({ values }) => largest(values)));
      for (const [name, { values }] of plain.grads) {
        const others = checkpointed.grads.get(name)!.values;
        expect(largest(values.map((value, i) => value - others[i]!)), name).toBeLessThan(
          1e-5 * largest(values) + rounding,
        );
      }
    });
  }

  it("needs less memory with checkpointing", () => {
    const peaks = [false, true].map((checkpointing) => {
      const { parameters, model } = build();
      const before = device().pool.statistics.liveBytes;
      device().pool.resetPeak();
      const tape = new Tape(device(), { seed: 7, step: 1 });
      encodeStep(tape, model, { checkpointing });
      tape.end();
      parameters.release();
      return device().pool.statistics.peakBytes - before;
    });
    expect(peaks[1]).toBeLessThan(0.6 * peaks[0]!);
  });

  it("keeps to the memory of the first two, gives all of it back, and submits once for 128 dispatches", async () => {
    const { recorder, pool } = device();
    const rows: { allocated: number; live: number; submits: number; dispatches: number }[] = [];
    const before = pool.statistics.liveBytes;
    await trainSteps(5, {}, () => {
      const { allocatedBytes, liveBytes } = pool.statistics;
      rows.push({
        allocated: allocatedBytes,
        live: liveBytes,
        submits: recorder.submits,
        dispatches: recorder.dispatches,
      });
    });
    expect(pool.statistics.liveBytes).toBe(before);
    for (const row of rows.slice(2)) expect([row.allocated, row.live]).toEqual([rows[1]!.allocated, rows[1]!.live]);
    const [last, earlier] = [rows[4]!, rows[3]!];
    const dispatches = last.dispatches - earlier.dispatches;
    expect(dispatches).toBeGreaterThan(100);
    expect(last.submits - earlier.submits).toBeLessThanOrEqual(Math.ceil(dispatches / 128) + 1);
  });

  it("is the same to the bit in another run, and learns", async () => {
    const first = await trainSteps(4, {});
    expect(await trainSteps(4, {})).toEqual(first);
    expect(first.losses.at(-1)).toBeLessThan(first.losses[0]!);
  });
});
