/**
 * Masking of projected features for training wav2vec 2.0 and HuBERT: spans of frames are replaced by a learned vector,
 * spans of channels by zero (Baevski et al. 2020, section 4.2 and appendix B). Spans are drawn as by Hugging Face's
 * `_compute_mask_indices`, but separately for each utterance, so that its masks do not depend on its batch.
 */
import { hash, uniform } from "../../engine/random.ts";

export interface MaskingConfig {
  /**
   * Fraction of an utterance's frames at which spans begin, times the span length; 0 disables masking, whatever
   * `timeMin` is.
   */
  readonly timeProb: number;
  /** Span length in frames. */
  readonly timeLength: number;
  /** Minimum number of spans, as far as they fit. */
  readonly timeMin: number;
  readonly channelProb: number;
  readonly channelLength: number;
  readonly channelMin: number;
}

/** Masks of a batch, on the host; 1 is masked. */
export interface BatchMasks {
  /** `[batch, frames, 1]`; 0 in padding */
  readonly time: Uint32Array;
  /** `[batch, 1, dim]`; undefined if channels are never masked */
  readonly channels: Uint32Array | undefined;
  readonly shapes: {
    readonly time: readonly [number, number, number];
    readonly channels: readonly [number, number, number];
  };
}

// Hash purposes, so that the two kinds of spans are independent.
const TIME = 0x74696d65;
const CHANNELS = 0x6368616e;

/**
 * Draws the masks of a batch.
 *
 * @param lengths real output frames of each utterance
 * @param frames  output frames of the batch, padding included
 * @param dim     channels of the projected features
 * @param keys    for each utterance, integers that identify its masks, such as `[seed, epoch, utterance]`: the same key
 *   gives the same masks, so a resumed run repeats them
 */
export function featureMasks(
  lengths: readonly number[],
  frames: number,
  dim: number,
  config: MaskingConfig,
  keys: readonly (readonly number[])[],
): BatchMasks {
  const { timeProb, timeLength, timeMin, channelProb, channelLength, channelMin } = config;
  const batch = lengths.length;
  const time = new Uint32Array(batch * frames);
  const channels = channelProb > 0 ? new Uint32Array(batch * dim) : undefined;
  for (const [row, length] of lengths.entries()) {
    const seed = hash(...(keys[row] as readonly number[]));
    hideSpans(
      time.subarray(row * frames, row * frames + length),
      { share: timeProb, span: timeLength, least: timeMin },
      hash(seed, TIME),
    );
    if (channels)
      hideSpans(
        channels.subarray(row * dim, (row + 1) * dim),
        { share: channelProb, span: channelLength, least: channelMin },
        hash(seed, CHANNELS),
      );
  }
  return { time, channels, shapes: { time: [batch, frames, 1], channels: [batch, 1, dim] } };
}

/** The masks of one utterance of a batch by itself, with this number of output frames. */
export function masksOfRow({ time, channels, shapes }: BatchMasks, row: number, frames: number): BatchMasks {
  const [[, longest], [, , dim]] = [shapes.time, shapes.channels];
  return {
    time: time.slice(row * longest, row * longest + frames),
    channels: channels?.slice(row * dim, (row + 1) * dim),
    shapes: { time: [1, frames, 1], channels: [1, 1, dim] },
  };
}

/**
 * Sets share · length / span spans of a mask to 1, rounded up or down at random so that this is the mean, but at least
 * `least`, at distinct starts, none beyond the end. Spans may overlap, so less than `share` may be masked.
 */
function hideSpans(
  mask: Uint32Array,
  { share, span, least }: { share: number; span: number; least: number },
  key: number,
): void {
  if (share === 0) return; // as in Hugging Face's models, whose default minimum number of spans is 2
  const starts = Math.max(0, mask.length - span + 1);
  const wanted = Math.max(least, Math.floor((share * mask.length) / span + uniform(key, 0)));
  const count = Math.min(wanted, Math.floor(mask.length / span), starts);
  const order = Uint32Array.from({ length: starts }, (_, start) => start);
  for (let i = 0; i < count; i++) {
    // the first `count` of a shuffled order
    const j = i + Math.floor(uniform(key, 1, i) * (starts - i));
    const start = order[j] as number;
    order[j] = order[i] as number;
    order[i] = start;
    mask.fill(1, start, start + span);
  }
}
