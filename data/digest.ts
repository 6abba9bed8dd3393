import { createHash } from "node:crypto";
import type { NoiseRecording } from "./augment/noise_recordings.ts";
import type { Utterance } from "./dataset.ts";

/** Tells training sets apart: by the names, lengths and labels of their utterances and by their order, and by those of the noises added. */
export function digestOf(
  utterances: readonly Pick<Utterance, "id" | "frames" | "labels">[],
  noises: readonly Pick<NoiseRecording, "id" | "samples">[] = [],
): string {
  const sum = createHash("sha256");
  for (const { id, frames, labels } of utterances) sum.update(`${id}\0${frames}\0${labels.join(" ")}\n`);
  for (const { id, samples } of noises) sum.update(`noise\0${id}\0${samples}\n`);
  return sum.digest("hex").slice(0, 16);
}
