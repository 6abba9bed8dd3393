import { describe, expect, test } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { Resampler } from "../../../data/audio/resample.ts";
import { addNoise, changeSpeed, samplesAtSpeed, changeVolume } from "../../../data/audio/waveform.ts";

const power = (x: Float32Array): number => x.reduce((sum, v) => sum + v * v, 0) / x.length;
const sine = (length: number, hertz: number, rate = 8000): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));
const hiss = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => uniform(4, i) - 0.5);

describe("speed", () => {
  test.each([0.9, 1.1, 1.25])("%f times as fast: so much shorter, and the tone so much higher", async (factor) => {
    const changed = await changeSpeed(sine(8000, 400), 8000, factor, new Resampler());
    expect(changed.length).toBe(samplesAtSpeed(8000, 8000, factor));
    expect(changed.length).toBe(Math.round(8000 / factor));
    // Away from the ends, the same samples as of a tone of the higher pitch.
    const expected = sine(changed.length, 400 * factor);
    const middle = (x: Float32Array): Float32Array => x.subarray(1000, -1000);
    const difference = middle(changed).map((v, i) => v - middle(expected)[i]!);
    expect(10 * Math.log10(power(difference) / power(expected))).toBeLessThan(-40);
  });

  test("1 times as fast: the very same samples", async () => {
    const samples = sine(500, 300);
    expect(await changeSpeed(samples, 8000, 1, new Resampler())).toBe(samples);
  });
});

describe("noise", () => {
  test.each([
    [20, 3000],
    [5, 3000],
    [0, 700],
    [-3, 20_000],
  ])("has the ratio asked for: %f dB, noise of %i samples", (snrDb, length) => {
    const signal = sine(3000, 250);
    const noisy = addNoise(signal, hiss(length), 0.37, snrDb);
    const added = noisy.map((v, i) => v - signal[i]!);
    expect(10 * Math.log10(power(signal) / power(added))).toBeCloseTo(snrDb, 4);
  });

  test("a longer recording gives the piece at the position, a shorter one is repeated", () => {
    const signal = new Float32Array(4).fill(1);
    const shape = (noise: number[], position: number): number[] => {
      const added = addNoise(signal, Float32Array.from(noise), position, 0).map((v) => v - 1);
      return [...added].map((v) => Math.round((v / added[0]!) * 1000) / 1000);
    };
    expect(shape([1, 2, 4, 8, 16, 32], 0)).toEqual([1, 2, 4, 8]);
    expect(shape([1, 2, 4, 8, 16, 32], 0.99)).toEqual([1, 2, 4, 8]); // from 4 to 32: the last place where it fits
    expect(addNoise(signal, Float32Array.of(1, 2, 4, 8, 16, 32), 0.99, 0)[3]! - 1).toBeCloseTo(
      32 / Math.sqrt((16 + 64 + 256 + 1024) / 4),
      5,
    );
    expect(shape([1, 3], 0.6)).toEqual([1, 0.333, 1, 0.333]);
  });

  test("silence has no ratio: nothing is added to it, and it adds nothing", () => {
    const [signal, silence] = [sine(100, 200), new Float32Array(100)];
    expect(addNoise(signal, silence, 0, 10)).toBe(signal);
    expect(addNoise(silence, signal, 0, 10)).toBe(silence);
  });
});

describe("volume", () => {
  test.each([-6, 3])("by %f dB", (gainDb) => {
    const samples = sine(1000, 200);
    expect(10 * Math.log10(power(changeVolume(samples, gainDb)) / power(samples))).toBeCloseTo(gainDb, 4);
  });

  test("a gain that would clip only lifts the loudest sample to 1; samples over 1 are not made louder", () => {
    expect(changeVolume(Float32Array.of(0.5, -0.25), 20)).toEqual(Float32Array.of(1, -0.5));
    expect(changeVolume(Float32Array.of(-2, 1), 6)).toEqual(Float32Array.of(-2, 1));
    expect(changeVolume(Float32Array.of(-2, 1), 20 * Math.log10(0.5))).toEqual(Float32Array.of(-1, 0.5));
    expect(changeVolume(new Float32Array(3), 6)).toEqual(new Float32Array(3));
  });
});
