import * as z from "zod";
import { byKind, defaultKind } from "./by_kind.ts";
import { between, finite, notNegative, oneOf, positive, text, whole, yesOrNo } from "./fields.ts";

/** `test.jsonl` or `{ test: test.jsonl, test_unseen: other.jsonl }`; an array in the order written. */
const testSets = z.union([text("the path of a manifest"), z.record(z.string(), text("the path of a manifest"))], {
  error: "expected the path of a manifest, or a section of names and manifests",
});

export const dataSchema = z.strictObject({
  folder: text("the path of a folder")
    .optional()
    .describe(
      "Folder in which the manifests' relative paths start; by default the config's own folder. Replaced by --data.",
    ),
  train: text("the path of a manifest").describe("Manifest (JSON Lines) of the utterances to train on."),
  dev: text("the path of a manifest").describe(
    "Manifest of the utterances evaluated during training, by which the best checkpoint is chosen.",
  ),
  test: testSets
    .optional()
    .describe("Manifest evaluated at the end, or several as a section of names and manifests; none if left out."),
  sample_rate: whole(1000, 192_000).default(16000).describe("Hz. Audio of another rate is resampled to it."),
  cmvn: text("the path of a file")
    .nullable()
    .default(null)
    .describe(
      "Mean and variance to normalise features with, as `unfold data stats` writes them; if null, that of the checkpoint which `init` names, or else computed of the training set.",
    ),
  skip_broken: yesOrNo()
    .default(false)
    .describe("Leave out audio files that cannot be read, with a warning, instead of stopping before the first epoch."),
  workers: whole(0, 64)
    .nullable()
    .default(null)
    .describe(
      "Threads that read audio and compute features; one less than there are cores, 8 at most, if null. 0: the main thread does it.",
    ),
  cache: z
    .union([text("the path of a folder"), z.literal(false)], { error: "expected the path of a folder, or false" })
    .nullable()
    .default(null)
    .describe(
      "Folder in which features are kept for the next epoch and run; the user's cache folder if null, none if false.",
    ),
});

const fbankSchema = z.strictObject({
  kind: defaultKind("fbank").describe("Log-mel features, as Kaldi computes them."),
  bins: whole(1).default(80).describe("Number of mel filters."),
  frame_length_ms: positive().default(25).describe("Milliseconds of sound in one frame."),
  frame_shift_ms: positive().default(10).describe("Milliseconds from one frame to the next."),
  low_freq: notNegative().default(20).describe("Hz, lower end of the first mel filter."),
  high_freq: finite()
    .default(0)
    .describe("Hz, upper end of the last mel filter; 0 or less counts down from half the sample rate."),
});

const waveformSchema = z.strictObject({
  kind: oneOf("waveform").describe("The samples themselves, of which wav2vec 2.0 and HuBERT make their own features."),
  normalise: yesOrNo().default(true).describe("Give each utterance mean 0 and variance 1."),
});

export const featuresSchema = byKind([fbankSchema, waveformSchema]);

export const specAugmentSchema = z.strictObject({
  freq_masks: whole(0).default(2).describe("Number of frequency masks of an utterance."),
  freq_width: whole(0).default(10).describe("Most mel bins that one frequency mask hides."),
  time_masks: whole(0).default(2).describe("Number of time masks of an utterance."),
  time_width: whole(0).default(50).describe("Most frames that one time mask hides."),
  max_time_ratio: between(0, 1).default(0.2).describe("Most of the utterance, as a share, that one time mask hides."),
  time_mask_ratio: between(0, 1)
    .default(0)
    .describe(
      "Over 0: an utterance has this share of its number of frames as time masks, at most `time_masks`. 0: always `time_masks`.",
    ),
});

export const batchSchema = z.strictObject({
  size: whole(1)
    .nullish()
    .describe("Most utterances of a batch; unlimited if left out and `frames` is given, 16 if both are left out."),
  frames: whole(1)
    .nullish()
    .describe("Most feature frames of a batch, padding included (of waveforms: samples); unlimited if left out."),
  buckets: whole(1)
    .default(10)
    .describe("Number of groups of similar length within which utterances are shuffled: more of them, less padding."),
  accumulate: whole(1).default(1).describe("Batches whose gradients are added up for one step of the optimizer."),
});

export const unitsSchema = z.strictObject({
  kind: oneOf("characters", "bpe", "vocabulary")
    .default("characters")
    .describe(
      "What a class of the model is: one of the training texts' characters, a subword of `tokenizer`, or a character of `vocabulary`. CTC's blank is class 0, of a vocabulary its padding token.",
    ),
  tokenizer: text("the path of a tokenizer.json")
    .nullish()
    .describe(
      "With kind bpe, a tokenizer.json as `unfold tokenizer train` or Hugging Face's tokenizers write it (BPE or Unigram, with Metaspace). The checkpoint keeps all of it. Null: that of the checkpoint which the run starts from.",
    ),
  vocabulary: text("the path of a vocab.json")
    .nullish()
    .describe(
      "With kind vocabulary, a vocab.json as Hugging Face's wav2vec 2.0 and HuBERT models have it, with their tokenizer_config.json beside it if there is one. Null: that of the checkpoint which the run starts from.",
    ),
});
