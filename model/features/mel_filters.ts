/** A triangular filter over the power spectrum: its weights for the bins firstBin, firstBin + 1, … */
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
  /** Left edge of the first triangle in Hz. */
  readonly lowFrequency: number;
  /** Right edge of the last triangle in Hz. */
  readonly highFrequency: number;
}

/** Kaldi's mel scale (O'Shaughnessy 1987): roughly linear below 700 Hz, logarithmic above. */
export function mel(hertz: number): number {
  return 1127 * Math.log1p(hertz / 700);
}

/**
 * Triangles of height 1, equally wide on the mel scale, each reaching to its neighbours' centres. As in Kaldi, their sides are
 * straight on the mel scale, not in Hz, and the Nyquist bin is left out.
 *
 * A filter narrower than the bin spacing may contain no bin; its energy is then zero.
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
