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
  parallelSchema,
  optimizerSchema,
  scheduleSchema,
} from "./run.ts";

/** A config as written in YAML. Every key's description gives its meaning and unit. */
export const configSchema = z.strictObject({
  seed: whole(0)
    .default(0)
    .describe("Random seed for initial weights, utterance order, dropout and masks. The same seed gives the same run."),
  init: text("the path of a checkpoint")
    .nullable()
    .default(null)
    .describe(
      "Checkpoint whose weights a new run starts from, written by `unfold import` or another run. The config inherits its model, features, sample rate, units, unfolding, masking and LayerDrop unless it sets them itself: `model.decoder: null` leaves out a decoder. What the checkpoint lacks is drawn anew, with a message.",
    ),
  data: dataSchema.describe("Manifests and how to read their audio."),
  features: featuresSchema.prefault({}).describe("The model's input."),
  units: unitsSchema.prefault({}).describe("The model's output classes."),
  spec_augment: specAugmentSchema
    .nullish()
    .describe("SpecAugment, which masks parts of the training features; null turns it off. Always off for waveforms."),
  masking: maskingSchema
    .nullish()
    .describe(
      "Masking of the projected features of wav2vec 2.0 and HuBERT during training; null turns it off. Conformers have none.",
    ),
  augment: augmentSchema
    .nullable()
    .default(null)
    .describe("Augmentation of the training audio, drawn anew in each epoch; null turns it off."),
  batch: batchSchema.prefault({}).describe("Batches of utterances of similar length."),
  memory: memorySchema
    .prefault({})
    .describe("The device memory plan for the largest batch, made before the first epoch."),
  model: modelSchema.prefault({}).describe("The seed: an encoder with a CTC head, and a decoder if one is given."),
  unfold: unfoldSchema.prefault({}).describe("How the seed becomes deeper models."),
  loss: lossSchema
    .prefault({})
    .describe(
      "Joint loss: L(deep) + seed_weight L(seed) + kl_weight T^2 KL, where L is the CTC loss, or with a decoder (1 - ctc_weight) of its loss and ctc_weight of CTC's.",
    ),
  precision: oneOf("f32", "f16")
    .default("f32")
    .describe(
      "Storage type of activations and matrix product operands. With f16, weights, sums, normalisations, losses and the optimizer stay f32, and the loss is scaled. Adapters without f16 train in f32.",
    ),
  optimizer: optimizerSchema.prefault({}).describe("AdamW."),
  schedule: scheduleSchema.prefault({}).describe("Learning rate over the steps."),
  epochs: whole(1).nullish().describe("Passes over the training set; 50 if neither this nor `steps` is given."),
  steps: whole(1).nullish().describe("Optimizer steps, instead of `epochs`."),
  eval: evalSchema.prefault({}).describe("Evaluation on the dev set during training."),
  early_stop: earlyStopSchema
    .nullable()
    .default(null)
    .describe("End the run when the dev WER of the deepest path stops falling; null trains to the last step."),
  checkpoint: checkpointSchema.prefault({}).describe("Checkpoints to resume from, and which ones to keep."),
  log: logSchema.prefault({}).describe("The log on disk."),
  parallel: parallelSchema
    .prefault({})
    .describe("Training by several processes, started by mpirun or srun; nothing of it applies to a single one."),
});

/** A config with the schema's defaults, but not yet those that depend on other keys. */
export type ParsedConfig = z.output<typeof configSchema>;
