import { z } from "zod";
import { between, whole } from "./fields.ts";

/** Spans hidden from wav2vec 2.0 and HuBERT during training (Baevski et al. 2020, section 4.2); keys as in Hugging Face's `mask_time_*` and `mask_feature_*`. */
export const maskingSchema = z.strictObject({
  time_prob: between(0, 1)
    .default(0.05)
    .describe(
      "Spans in time begin at this share of an utterance's frames, divided by `time_length`; as spans overlap, fewer frames than that are hidden; 0 hides none.",
    ),
  time_length: whole(1).default(10).describe("Frames of a span, which the learned vector replaces."),
  time_min: whole(0).default(2).describe("Fewest spans of an utterance."),
  channel_prob: between(0, 1)
    .default(0)
    .describe("The same over the channels of all frames, which become zero; 0 hides none."),
  channel_length: whole(1).default(10).describe("Channels of a span."),
  channel_min: whole(0).default(0).describe("Fewest spans of an utterance."),
});
