import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "../schema/schema.ts";

/** What the front end contradicts: the sample rate, the model, and what hides parts of its frames. */
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
      message: "is of log-mel features, but features.kind is waveform, of which each utterance is normalised by itself",
    };
  if (model.kind === "conformer" && masking)
    yield {
      path: ["masking"],
      message: "hides frames of wav2vec 2.0 and HuBERT, but model.kind is conformer: set spec_augment instead",
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
      message: `is ${high_freq} Hz, but at data.sample_rate ${data.sample_rate} there is nothing over ${nyquist} Hz`,
    };
  } else if (low_freq >= highest) {
    yield {
      path: ["features", "low_freq"],
      message: `is ${low_freq} Hz, expected less than the highest frequency, ${highest} Hz`,
    };
  }
  const shortest = 1000 / data.sample_rate; // ms of one sample
  if (frame_length_ms < 2 * shortest)
    yield {
      path: ["features", "frame_length_ms"],
      message: `is ${frame_length_ms} ms, expected two samples or more, ${2 * shortest} ms`,
    };
  if (frame_shift_ms < shortest)
    yield {
      path: ["features", "frame_shift_ms"],
      message: `is ${frame_shift_ms} ms, expected one sample or more, ${shortest} ms`,
    };
}
