import { describe, expect, test } from "vitest";
import { createFbank, fbank, type FbankOptions, type Features } from "../../model/features/fbank.ts";
import { applyCmvn, utteranceCmvn } from "../../model/features/cmvn.ts";
import { melFilters } from "../../model/features/mel_filters.ts";
import { poveyWindow } from "../../model/features/framing.ts";
import { batchWaveforms, normaliseWaveform } from "../../model/features/waveform.ts";
import { expectClose, loadBook, type BookCase } from "./book.ts";

type Attrs = Record<string, number>;

function options(attrs: Attrs): FbankOptions {
  const number = (name: string) => {
    const value = attrs[name];
    if (value === undefined) throw new Error(`no attribute '${name}'`);
    return value;
  };
  return {
    sampleRate: number("sample_rate"),
    bins: number("num_mel_bins"),
    frameLengthMs: number("frame_length_ms"),
    frameShiftMs: number("frame_shift_ms"),
    preemphasis: number("preemphasis"),
    lowFrequency: number("low_freq"),
    highFrequency: number("high_freq"),
    snipEdges: Boolean(number("snip_edges")),
    scale: number("scale"),
  };
}

function expectFeatures(got: Features, { outputs }: BookCase<Attrs>, name = "y"): void {
  expectClose(got.values, outputs.get(name), { shape: [got.frames, got.bins] });
}

const operations: Record<string, (one: BookCase<Attrs>) => void> = {
  fbank: (one) => {
    const { values: waveform } = one.inputs.floats("waveform");
    const got = fbank(waveform, options(one.attrs));
    expect(createFbank(options(one.attrs)).frameCount(waveform.length)).toBe(got.frames);
    expectFeatures(got, one);
  },
  fbank_stages: (one) => {
    const got = createFbank(options(one.attrs)).computeStages(one.inputs.floats("waveform").values);
    expectClose(got.windowed, one.outputs.get("windowed"));
    expectClose(got.power, one.outputs.get("power"));
    expectFeatures(got, one, "fbank");
  },
  mel_filters: (one) => {
    const { sampleRate, bins, lowFrequency } = options(one.attrs);
    const y = one.outputs.get("y");
    const columns = y.shape[1] as number;
    const dense = new Float64Array(bins * columns);
    const filters = melFilters({
      sampleRate,
      bins,
      lowFrequency,
      highFrequency: sampleRate / 2,
      fftLength: 2 * (columns - 1),
    });
    for (const [row, { firstBin, weights }] of filters.entries()) dense.set(weights, row * columns + firstBin);
    expectClose(dense, y, { shape: [bins, columns] });
  },
  povey_window: (one) => expectClose(poveyWindow(one.attrs.length as number), one.outputs.get("y")),
  utterance_cmvn: (one) => {
    const { shape, values } = one.inputs.floats("features");
    const features = { frames: shape[0] as number, bins: shape[1] as number, values };
    const normaliseVariance = Boolean(one.attrs.normalise_variance);
    expectFeatures(applyCmvn(utteranceCmvn(features), features, { normaliseVariance }), one);
  },
  wav2vec2_normalise: (one) => {
    const { shape, values } = one.inputs.floats("waveforms");
    const longest = shape[1] as number;
    const waveforms = [...one.inputs.integers("lengths").values].map((length, b) => {
      const samples = values.slice(b * longest, b * longest + length);
      return one.attrs.do_normalize ? normaliseWaveform(samples) : samples;
    });
    const got = batchWaveforms(waveforms, one.attrs.padding_value);
    expectClose(got.values, one.outputs.get("input_values"), { shape: [got.batch, got.longest] });
    expectClose(got.mask, one.outputs.get("attention_mask"));
  },
};

describe.each(["features/fbank", "features/fbank_speech", "features/wav2vec2_normalise"])("%s", (name) => {
  const { cases } = loadBook<Attrs>(name);
  test.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
    const run = operations[one.op];
    if (!run) throw new Error(`no test for operation '${one.op}'`);
    run(one);
  });
});
