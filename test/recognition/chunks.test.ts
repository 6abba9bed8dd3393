import { describe, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { createFrontEnd } from "../../model/features/front_end.ts";
import { MIN_FRAMES, SUBSAMPLING, subsampledLength } from "../../model/conformer/subsampling.ts";
import { chunkFrames, planChunks, type ChunkFrames, type FrameCounts } from "../../recognition/chunks.ts";

/** Frames left by unpadded convolutions one after the other. */
const convolutions = (kernels: readonly number[], strides: readonly number[]) => (frames: number) =>
  kernels.reduce((left, kernel, i) => Math.max(0, Math.floor((left - kernel) / strides[i]!) + 1), frames);

const conformer: FrameCounts = { outputFrames: subsampledLength, minInputFrames: MIN_FRAMES, stride: SUBSAMPLING };
const wav2vec2: FrameCounts = {
  outputFrames: convolutions([10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2]),
  minInputFrames: 400,
  stride: 320,
};
const models = { conformer, wav2vec2 };

/** For every length of chunk and overlap below: what tests want to be true. */
function* plans(model: FrameCounts) {
  for (const [frames, overlap] of [
    [1, 0],
    [2, 0],
    [2, 1],
    [5, 2],
    [7, 6],
    [8, 3],
    [20, 4],
  ] as const) {
    const sizes: ChunkFrames = { frames, overlap, inputFrames: (frames - 1) * model.stride + model.minInputFrames };
    for (let extra = 0; extra < 70; extra++) {
      const inputFrames = sizes.inputFrames + Math.round(extra * model.stride * 0.77);
      yield { sizes, inputFrames, all: model.outputFrames(inputFrames), plan: planChunks(inputFrames, sizes, model) };
    }
  }
}

describe.each(Object.entries(models))("chunks of a recording for a %s", (_, model) => {
  it("keep each output frame exactly once, in order", () => {
    for (const { all, plan } of plans(model)) {
      const kept = plan.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
      expect(kept).toEqual(Array.from({ length: all }, (_, i) => i));
      expect(Math.min(...plan.map(({ from, to }) => to - from))).toBeGreaterThan(0);
    }
  });

  it("start on the model's grid, are all of one length, and end within the recording", () => {
    for (const { sizes, inputFrames, plan } of plans(model)) {
      expect(model.outputFrames(sizes.inputFrames)).toBe(sizes.frames);
      expect(model.outputFrames(sizes.inputFrames - 1)).toBe(sizes.frames - 1);
      for (const { start, from, to, skipped } of plan) {
        expect(start % model.stride).toBe(0);
        expect(start + sizes.inputFrames).toBeLessThanOrEqual(inputFrames);
        expect(from - skipped).toBe(start / model.stride);
        expect(to - (from - skipped)).toBeLessThanOrEqual(sizes.frames);
      }
      expect([plan[0]!.start, plan[0]!.skipped, plan.at(-1)!.to - plan.at(-1)!.start / model.stride]).toEqual([
        0,
        0,
        sizes.frames,
      ]);
    }
  });

  it("share at least the overlap, and a frame is kept where it is further from the ends of a chunk", () => {
    for (const {
      sizes: { frames, overlap },
      plan,
    } of plans(model)) {
      const starts = plan.map(({ start }) => start / model.stride);
      const context = (chunk: number, frame: number): number =>
        Math.min(frame - starts[chunk]!, starts[chunk]! + frames - 1 - frame);
      for (let i = 1; i < plan.length; i++) {
        expect(starts[i - 1]! + frames - starts[i]!).toBeGreaterThanOrEqual(overlap);
        const border = plan[i]!.from;
        expect(context(i - 1, border - 1)).toBeGreaterThanOrEqual(context(i, border - 1));
        expect(context(i, border)).toBeGreaterThanOrEqual(context(i - 1, border));
      }
    }
  });

  it("are no more than it takes", () => {
    for (const {
      sizes: { frames, overlap },
      all,
      plan,
    } of plans(model)) {
      if (plan.length > 1) expect(frames + (plan.length - 2) * (frames - overlap)).toBeLessThan(all);
    }
  });
});

describe("lengths in seconds", () => {
  const fbank = createFrontEnd({ kind: "fbank", fbank: { sampleRate: 16000 } });
  const waveform = createFrontEnd({ kind: "waveform", sampleRate: 16000, normalise: true });

  it("become frames, rounded down", () => {
    expect(chunkFrames({ chunk: 30, overlap: 5 }, conformer, fbank)).toEqual({
      frames: 748,
      overlap: 125,
      inputFrames: 2995,
    });
    expect(chunkFrames({ chunk: 30, overlap: 5 }, wav2vec2, waveform)).toEqual({
      frames: 1499,
      overlap: 250,
      inputFrames: 479_760,
    });
    expect(chunkFrames({ chunk: 30, overlap: 0 }, wav2vec2, waveform).overlap).toBe(0);
  });

  it("that leave nothing to go on by are refused in one sentence", () => {
    for (const [chunk, overlap] of [
      [0.05, 0],
      [1, 1],
      [1, 2],
      [0.2, 0.19],
    ] as const) {
      const lengths = () => chunkFrames({ chunk, overlap }, conformer, fbank);
      expect(lengths).toThrow(UserError);
      expect(lengths).toThrow(
        `chunks of ${chunk} s that overlap by ${overlap} s do not let this model advance by a frame; use longer chunks or a smaller overlap`,
      );
    }
  });
});
