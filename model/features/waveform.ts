/** A padded batch of waveforms: `values` and `mask` are [batch, longest]; mask 1 = real sample. */
export interface WaveformBatch {
  readonly batch: number;
  readonly longest: number;
  readonly values: Float32Array;
  readonly mask: Uint8Array;
}

/** Added to the variance, as in wav2vec2's feature extractor, so that digital silence stays finite. */
const EPSILON = 1e-7;

/**
 * Normalises to zero mean and unit variance: (x - mean) / √(variance + 1e-7) over the waveform's own samples [samples], as in the
 * feature extractor of wav2vec2 and HuBERT. Sums are in float64.
 */
export function normaliseWaveform(samples: Float32Array): Float32Array {
  let mean = 0;
  for (const sample of samples) mean += sample / samples.length;
  let variance = 0;
  for (const sample of samples) variance += (sample - mean) ** 2 / samples.length;
  const scale = 1 / Math.sqrt(variance + EPSILON);
  return samples.map((sample) => (sample - mean) * scale);
}

/** Pads waveforms to the length of the longest. */
export function batchWaveforms(waveforms: readonly Float32Array[], paddingValue = 0): WaveformBatch {
  const longest = Math.max(0, ...waveforms.map((waveform) => waveform.length));
  const batch = waveforms.length;
  const values = new Float32Array(batch * longest).fill(paddingValue);
  const mask = new Uint8Array(batch * longest);
  for (const [b, waveform] of waveforms.entries()) {
    values.set(waveform, b * longest);
    mask.fill(1, b * longest, b * longest + waveform.length);
  }
  return { batch, longest, values, mask };
}
