import { UserError } from "../../engine/errors.ts";
import { rateLimits } from "./resample.ts";

/** A block of sound from a format's decoder: one array of samples in [-1, 1) per channel, all of the same length. */
export interface DecodedAudio {
  readonly channels: readonly Float32Array[];
  /** Hz */
  readonly sampleRate: number;
}

/** The sound of a file, or of a part of it, with its channels averaged. */
export interface Recording {
  readonly samples: Float32Array;
  /** Hz */
  readonly sampleRate: number;
  /** Number of channels of the file. */
  readonly channels: number;
}

/** A recording open for reading in parts. */
export interface OpenRecording {
  /** Hz */
  readonly sampleRate: number;
  /** Number of channels of the file. */
  readonly channels: number;
  /** Length in samples. Throws UserError if the file turns out to be damaged. */
  length(): Promise<number>;
  /**
   * What reading so far had to decide or leave out, one clause each that says how much: lengths that the header does not
   * have, bytes that are no sound. An intact file has none.
   */
  remarks(): readonly string[];
  /** Mono samples `from` to before `to`, up to the recording's end. Throws UserError if they are damaged. */
  read(from: number, to: number): Promise<Float32Array>;
  /** Releases the file and its decoded samples. */
  close(): Promise<void>;
}

/**
 * Averages the channels of a block.
 *
 * @param path of the file, for messages
 * @throws UserError if the rate cannot be converted or a sample is not finite
 */
export function monoRecording({ channels, sampleRate }: DecodedAudio, path: string): Recording {
  checkRate(sampleRate, path);
  const samples = average(channels);
  if (!samples.every(Number.isFinite)) throw new UserError(`${path} contains samples that are not finite numbers.`);
  return { samples, sampleRate, channels: channels.length };
}

/** @throws UserError if a rate, in Hz, cannot be converted */
export function checkRate(sampleRate: number, path: string): void {
  const { lowest, highest } = rateLimits;
  if (sampleRate < lowest || sampleRate > highest)
    throw new UserError(`${path} has a sample rate of ${sampleRate} Hz, expected ${lowest} to ${highest}.`);
}

/** @throws UserError if there are no samples */
export function checkLength(length: number, path: string): void {
  if (length === 0) throw new UserError(`${path} contains no audio: its length is 0 samples.`);
}

function average(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = channels;
  if (channels.length <= 1) return first;
  return first.map((_, i) => channels.reduce((sum, channel) => sum + (channel[i] as number), 0) / channels.length);
}
