import * as z from "zod";
import { between, finite, text } from "./fields.ts";

/** `[low, high]`; the cross checks compare the two. */
const range = (example: string) => z.tuple([finite(), finite()], { error: `expected two numbers such as ${example}` });

const volumeSchema = z.strictObject({
  gain_db: range("[-6, 6]")
    .default([-6, 6])
    .describe("Range in dB from which the gain is drawn; a gain that would clip is lowered."),
  probability: between(0, 1).default(0.5).describe("Share of utterances whose volume is changed."),
});

const noiseSchema = z.strictObject({
  manifest: text("the path of a manifest").describe(
    "Manifest of noise recordings: audio_filepath, plus offset and duration to use only a part. Texts are not needed.",
  ),
  snr_db: range("[5, 20]").default([5, 20]).describe("Range in dB from which the signal-to-noise ratio is drawn."),
  probability: between(0, 1).default(0.5).describe("Share of utterances to which noise is added."),
});

export const augmentSchema = z.strictObject({
  speed: z
    .array(between(0.5, 2), { error: "expected speeds such as [0.9, 1.0, 1.1]" })
    .min(1, { error: "expected speeds such as [0.9, 1.0, 1.1]" })
    .nullable()
    .default(null)
    .describe(
      "Speeds, one of which is drawn for each utterance; tempo and pitch change together. An utterance that would become too short for its text keeps its own speed.",
    ),
  volume: volumeSchema.nullable().default(null).describe("Random changes of volume."),
  noise: noiseSchema.nullable().default(null).describe("Noise added to utterances."),
});
