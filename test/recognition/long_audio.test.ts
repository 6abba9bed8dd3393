import { describe, expect, it } from "vitest";
import type { Device } from "../../engine/device.ts";
import { uniform } from "../../engine/random.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { conv1d } from "../../kernels/conv1d/conv1d.ts";
import type { CtcModel, CtcOutput } from "../../model/ctc_model.ts";
import { planChunks, type ChunkFrames } from "../../recognition/chunks.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { forEachLongPosterior, type LongAudioOptions, type LongRecording } from "../../recognition/long_audio.ts";
import { forEachPosterior } from "../../recognition/posteriors.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel } from "../train/small_model.ts";

const device = testDevice();

const values = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 2 * uniform(seed, i) - 1);

/** Output frames that a frame of the model below sees on either side. */
const REACH = 3;

/** A model that sees no further than its convolutions: one of stride 4, then one over `REACH` frames on either side. */
class LocalModel implements CtcModel {
  readonly config = { inputDim: 2, vocabulary: 5, blank: 0, dim: 5, blocks: 1 };
  readonly minInputFrames = 7;
  readonly stride = 4;
  readonly paddingMatters = false;
  readonly scopes = { encoder: "encoder.", firstBlock: "encoder.0." };
  outputFrames = (frames: number): number => Math.max(0, Math.floor((frames - 7) / 4) + 1);

  forward(tape: Tape, features: Tensor, lengths: readonly number[]): CtcOutput {
    const strided = conv1d(tape, features, tape.upload(values(5 * 2 * 7, 1), [5, 2, 7]), undefined, { stride: 4 });
    const logits = conv1d(
      tape,
      strided,
      tape.upload(values(5 * 5 * (2 * REACH + 1), 2), [5, 5, 2 * REACH + 1]),
      undefined,
      { padding: REACH },
    );
    const frames = lengths.map(this.outputFrames);
    return {
      states: [strided],
      logits: [logits],
      lengths: frames,
      deviceLengths: tape.upload(Int32Array.from(frames), [frames.length]),
    };
  }
}

const recordingOf = (frames: number, inputDim: number, asked: [from: number, to: number][] = []): LongRecording => {
  const all = values(frames * inputDim, frames);
  return {
    frames,
    features: (from, to) => (asked.push([from, to]), Promise.resolve(all.slice(from * inputDim, to * inputDim))),
  };
};

const sizesFor = (model: CtcModel, frames: number, overlap: number): ChunkFrames => ({
  frames,
  overlap,
  inputFrames: (frames - 1) * model.stride + model.minInputFrames,
});

async function stitch(
  model: CtcModel,
  recordings: readonly LongRecording[],
  options: LongAudioOptions,
  schedule = [0],
): Promise<Float32Array[]> {
  const stitched: Float32Array[] = [];
  await forEachLongPosterior(device(), model, recordings, schedule, options, (logProbs, i) => {
    expect(i).toBe(stitched.length);
    stitched.push(logProbs.slice());
  });
  return stitched;
}

async function whole(model: CtcModel, recording: LongRecording): Promise<Float32Array> {
  let found = new Float32Array();
  const item = {
    frames: recording.frames,
    labels: new Int32Array(),
    features: () => recording.features(0, recording.frames),
  };
  await forEachPosterior(device(), model, [item], [[0]], {}, (logProbs) => void (found = logProbs.slice()));
  return found;
}

describe("log-probabilities put together of chunks", () => {
  const model = new LocalModel();
  const lengths = [83, 84, 300, 203, 401];

  it.each([1, 2, 3])(
    "are those of the whole recording, where half the overlap is as long as the model sees; %i chunks at once",
    async (batchSize) => {
      const recordings = lengths.map((frames) => recordingOf(frames, 2));
      const stitched = await stitch(model, recordings, { sizes: sizesFor(model, 20, 2 * REACH), batchSize });
      expect(stitched.map(({ length }) => length / 5)).toEqual(lengths.map(model.outputFrames));
      for (const [i, recording] of recordings.entries()) {
        const expected = await whole(model, recording);
        const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - stitched[i]![at]!)), 0);
        expect(worst).toBeLessThan(1e-5);
      }
    },
  );

  it("differ beside the borders of chunks only, where it is shorter", async () => {
    const recording = recordingOf(300, 2);
    const sizes = sizesFor(model, 20, 2);
    const [stitched] = await stitch(model, [recording], { sizes, batchSize: 2 });
    const expected = await whole(model, recording);
    const borders = planChunks(300, sizes, model)
      .slice(1)
      .map(({ from }) => from);
    const different = Array.from({ length: expected.length / 5 }, (_, t) => t).filter((t) =>
      [0, 1, 2, 3, 4].some((k) => Math.abs(expected[t * 5 + k]! - stitched![t * 5 + k]!) > 1e-5),
    );
    expect(different.length).toBeGreaterThan(0);
    for (const t of different)
      expect(Math.min(...borders.map((border) => Math.abs(t + 0.5 - border)))).toBeLessThan(REACH);
  });

  it("are made of chunks that are read when their turn comes, a batch ahead", async () => {
    const asked: [number, number][] = [];
    const done: number[] = [];
    const sizes = sizesFor(model, 10, 2);
    const recording = recordingOf(600, 2, asked);
    const plan = planChunks(600, sizes, model);
    const readAtChunk: number[] = [];
    await stitch(model, [recording], {
      sizes,
      batchSize: 3,
      onFrames: (frames) => (done.push(frames), readAtChunk.push(asked.length)),
    });
    expect(asked).toEqual(expect.arrayContaining(plan.map(({ start }) => [start, start + sizes.inputFrames])));
    expect(asked.length).toBe(plan.length);
    expect(done).toEqual(plan.map(({ from, to }) => to - from));
    readAtChunk.forEach((read, i) => expect(read).toBeLessThanOrEqual(3 * (Math.floor(i / 3) + 2)));
  });

  it("end with the error of a recording that cannot be read", async () => {
    const unreadable: LongRecording = { frames: 300, features: () => Promise.reject(new Error("the disk is gone")) };
    await expect(
      stitch(model, [recordingOf(203, 2), unreadable], { sizes: sizesFor(model, 20, 4), batchSize: 2 }),
    ).rejects.toThrow("the disk is gone");
  });
});

describe("memory of the device", () => {
  it("is the same however long a recording is", async () => {
    const config = smallConfig();
    const { model } = smallModel(device(), config);
    const { schedule } = evaluatedPaths(config)[0]!;
    const sizes = sizesFor(model, 24, 4);
    const peakOf = async (dev: Device, chunks: number): Promise<number> => {
      const frames = (24 + (chunks - 1) * 20) * model.stride + 3;
      expect(planChunks(frames, sizes, model).length).toBe(chunks);
      dev.pool.resetPeak();
      await stitch(model, [recordingOf(frames, 10)], { sizes, batchSize: 2 }, [...schedule]);
      return dev.pool.statistics.peakBytes;
    };
    const [three, six, twelve] = [await peakOf(device(), 3), await peakOf(device(), 6), await peakOf(device(), 12)];
    expect([six, twelve]).toEqual([three, three]);
  });
});
