import * as z from "zod";
import { byKind, defaultKind } from "./by_kind.ts";
import { between, finite, notNegative, oneOf, positive, text, whole, yesOrNo } from "./fields.ts";

/** `test.jsonl` or `{ test: test.jsonl, test_unseen: other.jsonl }`, in the order written. */
const testSets = z.union([text("the path of a manifest"), z.record(z.string(), text("the path of a manifest"))], {
  error: "expected the path of a manifest, or a section of names and manifests",
});

export const dataSchema = z.strictObject({
  folder: text("the path of a folder")
    .optional()
    .describe(
      "Folder that relative manifest paths start from; the config's own folder by default. --data overrides it.",
    ),
  train: text("the path of a manifest").describe("Manifest (JSON Lines) of the utterances to train on."),
  dev: text("the path of a manifest").describe(
    "Manifest of the utterances to evaluate during training; the best checkpoint is chosen by them.",
  ),
  test: testSets
    .optional()
    .describe("Manifest to evaluate at the end, or several as a section of names and manifests; none if left out."),
  sample_rate: whole(1000, 192_000).default(16000).describe("Sample rate in Hz; audio at another rate is resampled."),
  cmvn: text("the path of a file")
    .nullable()
    .default(null)
    .describe(
      "File with the mean and variance to normalise features with, written by `unfold data stats`. Null: taken from the `init` checkpoint, or else computed on the training set.",
    ),
  skip_broken: yesOrNo()
    .default(false)
    .describe("Skip unreadable audio files with a warning, instead of stopping before the first epoch."),
  workers: whole(0, 64)
    .nullable()
    .default(null)
    .describe(
      "Threads that read audio and compute features. Null: one less than the number of cores, at most 8. 0: the main thread does it.",
    ),
  cache: z
    .union([text("the path of a folder"), z.literal(false)], { error: "expected the path of a folder, or false" })
    .nullable()
    .default(null)
    .describe("Folder that caches features for later epochs and runs. Null: the user's cache folder. False: no cache."),
});

const fbankSchema = z.strictObject({
  kind: defaultKind("fbank").describe("Log-mel features, as Kaldi computes them."),
  bins: whole(1).default(80).describe("Number of mel filters."),
  frame_length_ms: positive().default(25).describe("Frame length in milliseconds."),
  frame_shift_ms: positive().default(10).describe("Milliseconds from one frame to the next (hop length)."),
  low_freq: notNegative().default(20).describe("Lower edge of the first mel filter in Hz."),
  high_freq: finite()
    .default(0)
    .describe("Upper edge of the last mel filter in Hz; 0 or less counts down from half the sample rate."),
});

const waveformSchema = z.strictObject({
  kind: oneOf("waveform").describe("Raw samples, from which wav2vec 2.0 and HuBERT compute their own features."),
  normalise: yesOrNo().default(true).describe("Normalise each utterance to mean 0 and variance 1."),
});

export const featuresSchema = byKind([fbankSchema, waveformSchema]);

export const specAugmentSchema = z.strictObject({
  freq_masks: whole(0).default(2).describe("Number of frequency masks per utterance."),
  freq_width: whole(0).default(10).describe("Maximum width of a frequency mask, in mel bins."),
  time_masks: whole(0).default(2).describe("Number of time masks per utterance."),
  time_width: whole(0).default(50).describe("Maximum width of a time mask, in frames."),
  max_time_ratio: between(0, 1).default(0.2).describe("Maximum width of a time mask, as a share of the utterance."),
  time_mask_ratio: between(0, 1)
    .default(0)
    .describe(
      "Above 0: the number of time masks is this share of the utterance's frames, at most `time_masks`. 0: always `time_masks`.",
    ),
});

export const batchSchema = z.strictObject({
  size: whole(1)
    .nullish()
    .describe("Maximum utterances per batch; if left out, unlimited when `frames` is given and 16 otherwise."),
  frames: whole(1)
    .nullish()
    .describe("Maximum feature frames (for waveforms, samples) per batch, including padding; unlimited if left out."),
  buckets: whole(1)
    .default(10)
    .describe("Number of length buckets; utterances are shuffled within each. More buckets mean less padding."),
  accumulate: whole(1).default(1).describe("Number of batches whose gradients are accumulated for one optimizer step."),
  per_rank: yesOrNo()
    .default(false)
    .describe(
      "With several processes, started by mpirun or srun: batches are larger by their number. If false, they share each batch, and their number changes no batch.",
    ),
});

export const unitsSchema = z.strictObject({
  kind: oneOf("characters", "bpe", "vocabulary")
    .default("characters")
    .describe(
      "The model's output classes: the characters of the training texts, the subwords of `tokenizer`, or the characters of `vocabulary`. The CTC blank is class 0; with a vocabulary, its padding token.",
    ),
  tokenizer: text("the path of a tokenizer.json")
    .nullish()
    .describe(
      "For kind bpe: a tokenizer.json written by `unfold tokenizer train` or Hugging Face's tokenizers (BPE or Unigram, with Metaspace). Checkpoints contain a copy. Null: the tokenizer of the checkpoint that the run starts from.",
    ),
  vocabulary: text("the path of a vocab.json")
    .nullish()
    .describe(
      "For kind vocabulary: a vocab.json from one of Hugging Face's wav2vec 2.0 and HuBERT models; a tokenizer_config.json beside it is read too. Null: the vocabulary of the checkpoint that the run starts from.",
    ),
});
