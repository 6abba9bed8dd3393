/** One triangle over the power spectrum: the weights of its bins firstBin, firstBin + 1, … */
export interface MelFilter {
  readonly firstBin: number;
  readonly weights: Float64Array;
}

export interface MelFilterOptions {
  /** Hz. */
  readonly sampleRate: number;
  readonly fftLength: number;
  /** Number of filters. */
  readonly bins: number;
  /** Hz, the left foot of the first triangle. */
  readonly lowFrequency: number;
  /** Hz, the right foot of the last triangle. */
  readonly highFrequency: number;
}

/** Kaldi's mel scale (O'Shaughnessy 1987): roughly linear below 700 Hz, logarithmic above. */
export function mel(hertz: number): number {
  return 1127 * Math.log1p(hertz / 700);
}

/**
 * Triangles of height 1, equally wide on the mel scale, each reaching to its neighbours' centres.
 * Their sides are straight on the mel scale, not in Hz; the Nyquist bin is left out. Both are Kaldi's ways.
 *
 * A filter narrower than the distance of two bins may hold none; its energy is then zero.
 */
export function melFilters({
  sampleRate,
  fftLength,
  bins,
  lowFrequency,
  highFrequency,
}: MelFilterOptions): MelFilter[] {
  const low = mel(lowFrequency);
  const step = (mel(highFrequency) - low) / (bins + 1);
  const nyquistBin = fftLength / 2;
  const spectrum = Array.from({ length: nyquistBin }, (_, bin) => mel((bin * sampleRate) / fftLength));

  return Array.from({ length: bins }, (_, filter) => {
    const left = low + filter * step;
    const right = left + 2 * step;
    const weigh = (position: number) => Math.min(position - left, right - position) / step;
    const inside = spectrum
      .map((position, bin) => ({ bin, weight: weigh(position) }))
      .filter(({ weight }) => weight > 0);
    return { firstBin: inside[0]?.bin ?? 0, weights: Float64Array.from(inside, ({ weight }) => weight) };
  });
}
