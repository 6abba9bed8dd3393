import * as z from "zod";
import { augmentSchema } from "./augment.ts";
import { batchSchema, dataSchema, featuresSchema, specAugmentSchema, unitsSchema } from "./data.ts";
import { oneOf, text, whole } from "./fields.ts";
import { maskingSchema, lossSchema, modelSchema, unfoldSchema } from "./model.ts";
import {
  checkpointSchema,
  earlyStopSchema,
  evalSchema,
  logSchema,
  memorySchema,
  optimizerSchema,
  scheduleSchema,
} from "./run.ts";

/** A config as it is written in YAML. Every key says in its description what it means, in which unit. */
export const configSchema = z.strictObject({
  seed: whole(0)
    .default(0)
    .describe(
      "Of all randomness: initial weights, order of utterances, dropout, masks. The same seed gives the same run.",
    ),
  init: text("the path of a checkpoint")
    .nullable()
    .default(null)
    .describe(
      "Checkpoint whose weights a new run starts from, of `unfold import` or of a run. Its model, features, sample rate, units, unfolding, masking and LayerDrop are the config's where the config does not say them.",
    ),
  data: dataSchema.describe("Manifests and how their audio is read."),
  features: featuresSchema.prefault({}).describe("What the model reads."),
  units: unitsSchema.prefault({}).describe("What the model writes: the classes of its output."),
  spec_augment: specAugmentSchema
    .nullish()
    .describe("SpecAugment, which hides parts of the training features; null turns it off. Of waveforms it is off."),
  masking: maskingSchema
    .nullish()
    .describe(
      "What wav2vec 2.0 and HuBERT do not see of their projected features during training; null turns it off. Conformers have none.",
    ),
  augment: augmentSchema
    .nullable()
    .default(null)
    .describe("Changes of the training audio, drawn anew in each epoch; null turns all off."),
  batch: batchSchema.prefault({}).describe("Batches of utterances of similar length."),
  memory: memorySchema
    .prefault({})
    .describe("The plan of device memory that is made for the largest batch before the first epoch."),
  model: modelSchema.prefault({}).describe("The seed: an encoder with a CTC head."),
  unfold: unfoldSchema.prefault({}).describe("How the seed becomes deeper models."),
  loss: lossSchema.prefault({}).describe("Joint loss: CTC(deep) + seed_weight CTC(seed) + kl_weight T^2 KL."),
  precision: oneOf("f32", "f16")
    .default("f32")
    .describe(
      "Type in which activations and the operands of products are stored. With f16, weights, sums, normalisations, losses and the optimizer stay f32, and the loss is scaled. Adapters without f16 train in f32.",
    ),
  optimizer: optimizerSchema.prefault({}).describe("AdamW."),
  schedule: scheduleSchema.prefault({}).describe("Learning rate over the steps."),
  epochs: whole(1).nullish().describe("Passes over the training set; 50 if neither this nor `steps` is given."),
  steps: whole(1).nullish().describe("Steps of the optimizer, instead of `epochs`."),
  eval: evalSchema.prefault({}).describe("Evaluation on the dev set during training."),
  early_stop: earlyStopSchema
    .nullable()
    .default(null)
    .describe("Ends the run when the dev WER of the deepest path no longer falls; null trains to the last step."),
  checkpoint: checkpointSchema.prefault({}).describe("What can be resumed, and what is kept."),
  log: logSchema.prefault({}).describe("The log on disk."),
});

/** After the schema's own defaults, before those that depend on other keys. */
export type ParsedConfig = z.output<typeof configSchema>;
