import * as z from "zod";
import { finite, notNegative, oneOf, positive, share, text, whole, yesOrNo } from "./fields.ts";

export const optimizerSchema = z.strictObject({
  learning_rate: positive()
    .default(1e-3)
    .describe(
      "Peak learning rate of AdamW; for the noam schedule its factor, as 5: the peak is then factor / sqrt(dim * warmup_steps).",
    ),
  betas: z
    .tuple([share(0, 1), share(0, 1)], { error: "expected two numbers such as [0.9, 0.98]" })
    .default([0.9, 0.98])
    .describe("Decay of the first and of the second moment, per step."),
  eps: positive().default(1e-8).describe("Added to the root of the second moment."),
  weight_decay: notNegative().default(0.01).describe("Decoupled weight decay, times the learning rate."),
  max_grad_norm: positive().default(5).describe("Global norm of all gradients to which larger ones are scaled down."),
});

export const scheduleKinds = ["constant", "cosine", "inverse_square_root", "noam", "linear", "tri_stage"] as const;

export const scheduleSchema = z.strictObject({
  kind: oneOf(...scheduleKinds)
    .default("cosine")
    .describe("Course of the learning rate after the warm-up."),
  warmup_steps: whole(0).default(200).describe("Steps in which the learning rate rises to its peak."),
  total_steps: whole(1).nullish().describe("Steps at which cosine and linear end; those of the whole run if left out."),
  floor: notNegative().default(0).describe("Learning rate at the end of cosine."),
  hold_steps: whole(0).nullish().describe("tri_stage: steps at the peak; 0 if left out."),
  decay_steps: whole(1).nullish().describe("tri_stage: steps of the exponential decay; all that remain if left out."),
  initial_factor: positive().nullish().describe("tri_stage: share of the peak at the first step; 0.01 if left out."),
  final_factor: positive().nullish().describe("tri_stage: share of the peak at the end; 0.05 if left out."),
});

export const lmSchema = z.strictObject({
  arpa: text("the path of an ARPA file").describe(
    "N-gram language model in the ARPA format, which may be gzipped; a relative path starts at the config's own folder.",
  ),
  weight: notNegative()
    .default(0.5)
    .describe("Times the natural logarithm of the language model's probability, added to that of CTC."),
  bonus: finite()
    .default(0)
    .describe("Added for each word, or each character; more of it means fewer deletions and more insertions."),
  level: oneOf("word", "character")
    .default("word")
    .describe("Whether the model's n-grams are of words or of the output units, characters as a rule."),
});

export const evalSchema = z.strictObject({
  every_epochs: whole(1)
    .nullish()
    .describe("Epochs from one evaluation on dev to the next; 1 if neither this nor `every_steps` is given."),
  every_steps: whole(1).nullish().describe("Steps from one evaluation on dev to the next, instead of `every_epochs`."),
  beam: whole(1, 1000).nullish().describe("Width of the CTC prefix beam search; greedy decoding if left out."),
  batch_size: whole(1).default(16).describe("Most utterances of a batch, on dev and on the test sets."),
  lm: lmSchema
    .nullable()
    .default(null)
    .describe("A language model that takes part in the beam search, by shallow fusion; null for none."),
});

export const averageSchema = z.strictObject({
  of: oneOf("best", "last")
    .default("best")
    .describe("Which checkpoints: those kept for their dev WER, or the last ones."),
  count: whole(2, 1000).nullish().describe("How many; all that are kept if left out."),
});

export const checkpointSchema = z.strictObject({
  every_steps: whole(1)
    .default(500)
    .describe("Steps from one checkpoint to the next; another is kept at the best dev WER."),
  keep_last: whole(1, 1000)
    .default(1)
    .describe("How many of these are kept: last.safetensors, and earlier ones under names with their step."),
  keep_best: whole(1, 1000)
    .default(1)
    .describe(
      "How many of those with the lowest dev WER of the deepest path (of equals, the lowest CER) are kept: best.safetensors, and the next best under names with their step.",
    ),
  average: averageSchema
    .nullable()
    .default(null)
    .describe(
      "At the end, the mean of the values of kept checkpoints becomes average.safetensors, which is tested instead of the best one if it is better on dev; null leaves that out.",
    ),
});

export const earlyStopSchema = z.strictObject({
  patience: whole(1).default(5).describe("Evaluations in a row without a lower WER after which the run ends."),
  min_delta: notNegative()
    .default(0)
    .describe(
      "By how much a WER has to be lower than the lowest before it, to count; 0.001 is a tenth of a percent of the words.",
    ),
});

export const memorySchema = z.strictObject({
  limit_gib: positive()
    .nullish()
    .describe(
      "Device memory in GiB (2^30 bytes) that training may take; what is free if left out, where the machine tells.",
    ),
  check: yesOrNo()
    .default(true)
    .describe("Stop before the first epoch if the largest batch will not fit, with advice; otherwise only warn."),
});

export const logSchema = z.strictObject({
  every_steps: whole(1).default(10).describe("Steps from one record of the log to the next; its loss is their mean."),
  tensorboard: yesOrNo().default(true).describe("Write the same as TensorBoard event files, beside log.jsonl."),
});
