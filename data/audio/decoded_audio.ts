/** What a file holds, or a part of it: one array of samples in [-1, 1) per channel, all of the same length, at `sampleRate` Hz. */
export interface DecodedAudio {
  readonly channels: readonly Float32Array[];
  readonly sampleRate: number;
}
