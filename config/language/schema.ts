import * as z from "zod";
import { decoderDefaults } from "../../model/decoder/attention_decoder.ts";
import { unitsSchema } from "../schema/data.ts";
import { notNegative, oneOf, share, text, whole, yesOrNo } from "../schema/fields.ts";
import {
  checkpointSchema,
  evalSchema,
  logSchema,
  optimizerSchema,
  parallelSchema,
  scheduleSchema,
} from "../schema/run.ts";

const texts = z.union([text("the path of a text file"), z.array(text("the path of a text file")).min(1)], {
  error: "expected the path of a text file, or a list of them",
});

const dataSchema = z.strictObject({
  folder: text("the path of a folder")
    .optional()
    .describe(
      "Folder that relative paths of texts start from; the config's own folder by default. --data overrides it.",
    ),
  train: texts.describe("Text file to train on, or several: UTF-8, one sentence a line."),
  dev: texts.describe("The same to evaluate during training; the best checkpoint is chosen by them."),
});

const modelSchema = z.strictObject({
  dim: whole(1).default(256).describe("Channels; a multiple of 2 and of `heads`."),
  heads: whole(1).default(4).describe("Attention heads."),
  feed_forward_dim: whole(1).default(1024).describe("Inner channels of each block's feed-forward module."),
  blocks: whole(1).default(6).describe("Blocks."),
  dropout: share(0, 1).default(decoderDefaults.dropout).describe("Dropout probability during training."),
});

const batchSchema = z.strictObject({
  size: whole(1)
    .nullish()
    .describe("Maximum sentences per batch; if left out, unlimited when `tokens` is given and 32 otherwise."),
  tokens: whole(1)
    .nullish()
    .describe("Maximum units per batch, including padding and the end of each sentence; unlimited if left out."),
  buckets: whole(1)
    .default(10)
    .describe("Number of length buckets; sentences are shuffled within each. More buckets mean less padding."),
  accumulate: whole(1).default(1).describe("Number of batches whose gradients are accumulated for one optimizer step."),
  per_rank: yesOrNo()
    .default(false)
    .describe(
      "With several processes, started by mpirun or srun: batches are larger by their number. If false, they share each batch, and their number changes no batch.",
    ),
});

/** A language model's config as written in YAML. */
export const languageModelSchema = z.strictObject({
  seed: whole(0)
    .default(0)
    .describe("Random seed for initial weights, sentence order and dropout. The same seed gives the same run."),
  data: dataSchema.describe("Texts."),
  units_of: text("the path of a checkpoint")
    .nullable()
    .default(null)
    .describe(
      "A recogniser's checkpoint or run folder, whose units this model then has, so that it can be fused with it.",
    ),
  units: unitsSchema.prefault({}).describe("What the model predicts, unless `units_of` is given."),
  model: modelSchema.prefault({}).describe("The Transformer."),
  batch: batchSchema.prefault({}).describe("Batches of sentences of similar length."),
  precision: oneOf("f32", "f16").default("f32").describe("Storage type of activations, as of recognisers."),
  optimizer: optimizerSchema.prefault({}).describe("AdamW."),
  schedule: scheduleSchema.prefault({}).describe("Learning rate over the steps."),
  epochs: whole(1).nullish().describe("Passes over the training texts; 10 if neither this nor `steps` is given."),
  steps: whole(1).nullish().describe("Optimizer steps, instead of `epochs`."),
  eval: evalSchema
    .pick({ every_epochs: true, every_steps: true })
    .extend({ batch_size: whole(1).default(32).describe("Maximum sentences per batch.") })
    .prefault({})
    .describe("Perplexity on the dev texts during training."),
  early_stop: z
    .strictObject({
      patience: whole(1)
        .default(5)
        .describe("Consecutive evaluations without a lower perplexity after which the run ends."),
      min_delta: notNegative().default(0).describe("Minimum decrease of the lowest perplexity that counts."),
    })
    .nullable()
    .default(null)
    .describe("End the run when the dev perplexity stops falling; null trains to the last step."),
  checkpoint: checkpointSchema
    .omit({ average: true })
    .extend({
      every_steps: whole(1)
        .default(500)
        .describe("Steps between checkpoints; the best by dev perplexity is saved separately."),
      keep_best: whole(1, 1000).default(1).describe("How many checkpoints with the lowest dev perplexity to keep."),
    })
    .prefault({})
    .describe("Checkpoints to resume from, and which ones to keep."),
  log: logSchema.prefault({}).describe("The log on disk."),
  parallel: parallelSchema.prefault({}).describe("Training by several processes, as of recognisers."),
});
