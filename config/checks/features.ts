import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "../schema/schema.ts";

/** Finds contradictions between the front end and the sample rate, the model, or the masking. */
export function* featureFaults(config: ParsedConfig): Generator<Fault> {
  yield* melFaults(config);
  const { data, features, model, spec_augment, masking } = config;
  const reads = model.kind === "conformer" ? "fbank" : "waveform";
  if (features.kind !== reads)
    yield { path: ["features", "kind"], message: `is ${features.kind}, but model.kind ${model.kind} reads ${reads}` };
  if (features.kind === "waveform" && spec_augment)
    yield { path: ["spec_augment"], message: "hides mel bins, but features.kind is waveform: set masking instead" };
  if (features.kind === "waveform" && data.cmvn !== null)
    yield {
      path: ["data", "cmvn"],
      message:
        "applies to log-mel features, but features.kind is waveform, where each utterance is normalised by itself",
    };
  if (model.kind === "conformer" && masking)
    yield {
      path: ["masking"],
      message: "applies to wav2vec 2.0 and HuBERT, but model.kind is conformer: set spec_augment instead",
    };
}

function* melFaults({ data, features }: ParsedConfig): Generator<Fault> {
  if (features.kind !== "fbank") return;
  const nyquist = data.sample_rate / 2;
  const { low_freq, high_freq, frame_length_ms, frame_shift_ms } = features;
  const highest = high_freq > 0 ? high_freq : nyquist + high_freq;
  if (highest > nyquist) {
    yield {
      path: ["features", "high_freq"],
      message: `is ${high_freq} Hz, but at data.sample_rate ${data.sample_rate} there is nothing above ${nyquist} Hz`,
    };
  } else if (low_freq >= highest) {
    yield {
      path: ["features", "low_freq"],
      message: `is ${low_freq} Hz, expected a frequency below the highest, ${highest} Hz`,
    };
  }
  const shortest = 1000 / data.sample_rate; // ms of one sample
  if (frame_length_ms < 2 * shortest)
    yield {
      path: ["features", "frame_length_ms"],
      message: `is ${frame_length_ms} ms, expected at least two samples, ${2 * shortest} ms`,
    };
  if (frame_shift_ms < shortest)
    yield {
      path: ["features", "frame_shift_ms"],
      message: `is ${frame_shift_ms} ms, expected at least one sample, ${shortest} ms`,
    };
}
