/**
 * The waveform louder or quieter by a gain in dB. A gain that would lift the loudest sample over 1 is lowered so that it
 * does not clip, at most to none.
 */
export function changeVolume(samples: Float32Array, gainDb: number): Float32Array {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const wanted = 10 ** (gainDb / 20);
  const gain = wanted > 1 && peak * wanted > 1 ? Math.max(1, 1 / peak) : wanted;
  return samples.map((sample) => sample * gain);
}
