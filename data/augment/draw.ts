import { hash, uniform } from "../../engine/random.ts";

/** The config section `augment`. */
export interface AugmentConfig {
  /** The speeds to draw from for each utterance and epoch. */
  readonly speed: readonly number[] | null;
  /** Range of the gain, and the probability of applying one. */
  readonly volume: { readonly gainDb: readonly [number, number]; readonly probability: number } | null;
  /** Range of the signal-to-noise ratio, and the probability of adding noise. */
  readonly noise: {
    readonly manifest: string;
    readonly snrDb: readonly [number, number];
    readonly probability: number;
  } | null;
}

/** The changes to one utterance's waveform in one epoch. */
export interface Changes {
  /** 1: as recorded. */
  readonly speed: number;
  /** The noise recording, the position in it (in [0, 1)), and the signal-to-noise ratio. */
  readonly noise: { readonly recording: number; readonly position: number; readonly snrDb: number } | null;
  readonly gainDb: number | null;
}

export const unchanged: Changes = { speed: 1, noise: null, gainDb: null };

// Hash purposes. SpecAugment, with the same key, uses 0 and 1.
const SPEED = 2;
const NOISE = 3;
const VOLUME = 4;

/**
 * Draws the changes of an utterance. They depend only on the key, so a resumed run repeats them and threads need no
 * coordination.
 *
 * @param key `[seed, epoch, utterance]`
 * @param recordings number of noise recordings
 * @param fits whether the utterance is long enough at a speed; if not, it keeps speed 1
 */
export function drawChanges(
  config: AugmentConfig,
  key: readonly number[],
  recordings: number,
  fits: (speed: number) => boolean,
): Changes {
  const seed = hash(...key);
  return {
    speed: drawSpeed(config, seed, fits),
    noise: drawNoise(config, seed, recordings),
    gainDb: drawGain(config, seed),
  };
}

/** Draws only the speed, which determines the utterance's length. */
export function drawSpeed({ speed: speeds }: AugmentConfig, seed: number, fits: (speed: number) => boolean): number {
  const drawn = speeds?.[Math.floor(uniform(seed, SPEED) * speeds.length)] ?? 1;
  return drawn === 1 || fits(drawn) ? drawn : 1;
}

function drawNoise({ noise }: AugmentConfig, seed: number, recordings: number): Changes["noise"] {
  if (!noise || uniform(seed, NOISE, 0) >= noise.probability) return null;
  return {
    recording: Math.floor(uniform(seed, NOISE, 1) * recordings),
    position: uniform(seed, NOISE, 2),
    snrDb: within(noise.snrDb, uniform(seed, NOISE, 3)),
  };
}

function drawGain({ volume }: AugmentConfig, seed: number): number | null {
  return volume && uniform(seed, VOLUME, 0) < volume.probability
    ? within(volume.gainDb, uniform(seed, VOLUME, 1))
    : null;
}

const within = ([low, high]: readonly [number, number], share: number): number => low + (high - low) * share;
