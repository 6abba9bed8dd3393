import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { createFbank, fbank } from "../../../model/features/fbank.ts";
import { melFilters } from "../../../model/features/mel_filters.ts";

const sine = (samples: number, rate: number, hertz: number) =>
  Float32Array.from({ length: samples }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));

describe("fbank", () => {
  test("a tone is loudest in the filter whose triangle holds it", () => {
    const hertz = 1000;
    const filters = melFilters({ sampleRate: 16000, fftLength: 512, bins: 40, lowFrequency: 20, highFrequency: 8000 });
    const weights = filters.map(({ firstBin, weights: own }) => own[(hertz * 512) / 16000 - firstBin] ?? 0);
    const { bins, frames, values } = fbank(sine(1600, 16000, hertz), { bins: 40 });
    expect(frames).toBe(8);
    for (let t = 0; t < frames; t++) {
      const row = [...values.subarray(t * bins, (t + 1) * bins)];
      expect(row.indexOf(Math.max(...row))).toBe(weights.indexOf(Math.max(...weights)));
    }
  });

  test("silence is the floor, log(2^-23), and a constant is silence", () => {
    const floor = Math.fround(Math.log(2 ** -23));
    for (const level of [0, 0.25]) {
      expect(new Set(fbank(new Float32Array(800).fill(level)).values)).toEqual(new Set([floor]));
    }
  });

  test("a factory keeps nothing of the waveforms before", () => {
    const keep = createFbank({ sampleRate: 8000, snipEdges: false });
    const first = keep.compute(sine(900, 8000, 300)).values;
    keep.compute(sine(2000, 8000, 900));
    expect(keep.compute(sine(900, 8000, 300)).values).toEqual(first);
  });

  test("twice as loud adds log 4 everywhere", () => {
    const quiet = fbank(sine(800, 16000, 500)).values;
    const loud = fbank(sine(800, 16000, 500).map((x) => 2 * x)).values;
    for (const [i, value] of loud.entries()) expect(value - (quiet[i] as number)).toBeCloseTo(Math.log(4), 4);
  });

  test("no samples", () => {
    for (const snipEdges of [true, false])
      expect(fbank(new Float32Array(), { snipEdges })).toEqual({ frames: 0, bins: 80, values: new Float32Array() });
  });

  test.each([
    [{ bins: 0 }, "bins must be a whole number from 1, got 0"],
    [{ frameLengthMs: 0 }, "frames need at least 2 samples"],
    [{ frameShiftMs: 0.01 }, "a shift of at least 1, got 400 and 0 at 16000 Hz"],
    [
      { lowFrequency: 300, highFrequency: 200 },
      "expected 0 <= lowFrequency < highFrequency <= 8000 Hz, got 300 and 200",
    ],
    [{ highFrequency: 9000 }, "got 20 and 9000"],
    [{ sampleRate: NaN }, "fbank"],
  ])("options that make no filter bank: %o", (options, message) => {
    expect(() => createFbank(options)).toThrow(UserError);
    expect(() => createFbank(options)).toThrow(message);
  });
});
