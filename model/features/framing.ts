/** Sizes in samples. */
export interface Framing {
  readonly frameLength: number;
  readonly frameShift: number;
  /** true: only frames within the waveform. false: one frame per shift, with the waveform reflected at its ends. */
  readonly snipEdges: boolean;
}

/** Number of frames in a waveform; 0 if it is shorter than one frame and edges are snipped. */
export function frameCount(samples: number, { frameLength, frameShift, snipEdges }: Framing): number {
  if (!snipEdges) return Math.floor((samples + Math.floor(frameShift / 2)) / frameShift);
  return samples < frameLength ? 0 : 1 + Math.floor((samples - frameLength) / frameShift);
}

/**
 * Copies frame `index` of the waveform, times `scale`, to `frame` [frameLength].
 *
 * Without snipped edges, frame t is centred on (t + ½)·shift, and the waveform is mirrored beyond its ends, including the outermost
 * samples: …, x1, x0 | x0, x1, … (repeatedly if it is short).
 */
export function copyFrame(
  waveform: Float32Array,
  index: number,
  framing: Framing,
  scale: number,
  frame: Float64Array,
): void {
  const { frameLength, frameShift, snipEdges } = framing;
  const offset = snipEdges ? 0 : Math.floor(frameShift / 2) - Math.floor(frameLength / 2);
  const start = index * frameShift + offset;
  const inside = start >= 0 && start + frameLength <= waveform.length;
  for (let i = 0; i < frameLength; i++) {
    const position = inside ? start + i : mirrored(start + i, waveform.length);
    frame[i] = scale * (waveform[position] as number);
  }
}

function mirrored(position: number, length: number): number {
  const period = 2 * length;
  const within = ((position % period) + period) % period;
  return within < length ? within : period - 1 - within;
}

/**
 * Kaldi's default window [length]: a Hann window over length - 1 intervals to the power 0.85. Like a Hann window it is zero at both
 * ends, but it keeps more of the frame.
 */
export function poveyWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (length - 1))) ** 0.85);
}
