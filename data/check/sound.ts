import { createHash } from "node:crypto";
import type { Recording } from "../audio/recording.ts";

/** Properties of a recording that need no transcript. */
export interface Sound {
  /**
   * Level of the signal after removing its mean, in dB relative to a full-scale square wave; -Infinity if all samples
   * are equal.
   */
  readonly dbfs: number;
  /** Number of clipped samples: three or more in a row at the same, largest value. */
  readonly clipped: number;
  /** The same for equal samples, whatever file they are in. */
  readonly digest: string;
}

/** A flat top this close to full scale is clipped. */
const FULL_SCALE = 0.99;
const SHORTEST_RUN = 3;

export function examineSound({ samples, sampleRate }: Recording): Sound {
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const power = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / samples.length;
  const digest = createHash("sha256")
    .update(`${sampleRate} `)
    .update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
    .digest("hex");
  return {
    dbfs: samples.every((sample) => sample === samples[0]) ? -Infinity : 10 * Math.log10(power),
    clipped: clippedSamples(samples),
    digest,
  };
}

function clippedSamples(samples: Float32Array): number {
  const highest = samples.reduce((a, b) => Math.max(a, b), 0);
  const lowest = samples.reduce((a, b) => Math.min(a, b), 0);
  let clipped = 0;
  let run = 0;
  for (let i = 0; i <= samples.length; i++) {
    const sample = samples[i];
    const atLimit = (sample === highest && highest >= FULL_SCALE) || (sample === lowest && lowest <= -FULL_SCALE);
    if (atLimit && (run === 0 || sample === samples[i - 1])) {
      run++;
      continue;
    }
    if (run >= SHORTEST_RUN) clipped += run;
    run = atLimit ? 1 : 0;
  }
  return clipped;
}
