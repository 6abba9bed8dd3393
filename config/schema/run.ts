import * as z from "zod";
import { between, finite, notNegative, oneOf, positive, share, text, whole, yesOrNo } from "./fields.ts";

export const optimizerSchema = z.strictObject({
  learning_rate: positive()
    .default(1e-3)
    .describe(
      "Peak learning rate of AdamW. For the noam schedule, its factor, such as 5: the peak is then factor / sqrt(dim * warmup_steps).",
    ),
  betas: z
    .tuple([share(0, 1), share(0, 1)], { error: "expected two numbers such as [0.9, 0.98]" })
    .default([0.9, 0.98])
    .describe("Decay rates of the first and second moments, per step."),
  eps: positive().default(1e-8).describe("Added to the square root of the second moment."),
  weight_decay: notNegative().default(0.01).describe("Decoupled weight decay, multiplied by the learning rate."),
  max_grad_norm: positive().default(5).describe("Global gradient norm above which gradients are scaled down to it."),
});

export const scheduleKinds = ["constant", "cosine", "inverse_square_root", "noam", "linear", "tri_stage"] as const;

export const scheduleSchema = z.strictObject({
  kind: oneOf(...scheduleKinds)
    .default("cosine")
    .describe("Shape of the learning rate curve after the warm-up."),
  warmup_steps: whole(0).default(200).describe("Steps over which the learning rate rises to its peak."),
  total_steps: whole(1).nullish().describe("Step at which cosine and linear end; the end of the run if left out."),
  floor: notNegative().default(0).describe("Learning rate at the end of cosine."),
  hold_steps: whole(0).nullish().describe("tri_stage: steps at the peak; 0 if left out."),
  decay_steps: whole(1).nullish().describe("tri_stage: steps of exponential decay; the rest of the run if left out."),
  initial_factor: positive().nullish().describe("tri_stage: share of the peak at the first step; 0.01 if left out."),
  final_factor: positive().nullish().describe("tri_stage: share of the peak at the end; 0.05 if left out."),
});

export const lmSchema = z.strictObject({
  arpa: text("the path of an ARPA file").describe(
    "N-gram language model in ARPA format, optionally gzipped, or a checkpoint or run folder of unfold lm train; a relative path starts from the config's folder.",
  ),
  weight: notNegative()
    .default(0.5)
    .describe("Weight of the language model's log-probability (natural logarithm), which is added to that of CTC."),
  bonus: finite()
    .default(0)
    .describe("Added for each word or character; a higher bonus means fewer deletions and more insertions."),
  level: oneOf("word", "character")
    .default("word")
    .describe("Whether the n-grams of an ARPA file are of words or of output units (usually characters)."),
});

export const evalSchema = z.strictObject({
  every_epochs: whole(1)
    .nullish()
    .describe("Epochs between evaluations on dev; 1 if neither this nor `every_steps` is given."),
  every_steps: whole(1).nullish().describe("Steps between evaluations on dev, instead of `every_epochs`."),
  search: oneOf("ctc", "joint", "attention", "rescore")
    .default("ctc")
    .describe(
      "How a model's decoder takes part, on dev and the test sets: joint, token by token with CTC; attention, alone; rescore, on what CTC's beam search finds; ctc, not at all.",
    ),
  beam: whole(1, 1000)
    .nullish()
    .describe("Width of the beam search; if left out, greedy decoding, or 10 where a decoder takes part."),
  ctc_weight: between(0, 1)
    .nullish()
    .describe("Share of CTC in the scores of the searches joint and rescore; 0.3 if left out."),
  length_bonus: finite().nullish().describe("Added for each token in the searches joint and attention; 0 if left out."),
  batch_size: whole(1).default(16).describe("Maximum utterances per batch, on dev and the test sets."),
  lm: lmSchema
    .nullable()
    .default(null)
    .describe("A language model for the beam search, used by shallow fusion; null for none."),
});

export const averageSchema = z.strictObject({
  of: oneOf("best", "last")
    .default("best")
    .describe("Which checkpoints to average: those with the best dev WER, or the last ones."),
  count: whole(2, 1000).nullish().describe("How many checkpoints to average; all that are kept if left out."),
});

export const checkpointSchema = z.strictObject({
  every_steps: whole(1).default(500).describe("Steps between checkpoints; the best by dev WER is saved separately."),
  keep_last: whole(1, 1000)
    .default(1)
    .describe("How many of these to keep: last.safetensors, and earlier ones with their step in the name."),
  keep_best: whole(1, 1000)
    .default(1)
    .describe(
      "How many checkpoints with the lowest dev WER of the deepest path (ties: lowest CER) to keep: best.safetensors, and the next best with their step in the name.",
    ),
  average: averageSchema
    .nullable()
    .default(null)
    .describe(
      "At the end, average the weights of kept checkpoints into average.safetensors, and test it instead of the best one if it is better on dev; null turns this off.",
    ),
});

export const earlyStopSchema = z.strictObject({
  patience: whole(1).default(5).describe("Consecutive evaluations without a lower WER after which the run ends."),
  min_delta: notNegative()
    .default(0)
    .describe("Minimum decrease of the lowest WER so far that counts as an improvement; 0.001 is 0.1 % of the words."),
});

export const memorySchema = z.strictObject({
  limit_gib: positive()
    .nullish()
    .describe(
      "Device memory in GiB (2^30 bytes) that training may use; if left out, the free memory, if the machine reports it.",
    ),
  check: yesOrNo()
    .default(true)
    .describe("Stop with advice before the first epoch if the largest batch will not fit; if false, only warn."),
});

export const parallelSchema = z.strictObject({
  timeout_s: positive()
    .default(300)
    .describe("Seconds that a process waits for the others in a step before all of them end with an error."),
  check_every_steps: whole(1)
    .default(100)
    .describe("Steps between comparisons of all processes' weights, which must stay equal."),
  gradients: oneOf("f32", "f16")
    .default("f32")
    .describe(
      "Type of gradients between processes; sums are f32 always. f16 halves the bytes, which helps where a network is slow.",
    ),
});

export const logSchema = z.strictObject({
  every_steps: whole(1).default(10).describe("Steps between log records; a record's loss is the mean over them."),
  tensorboard: yesOrNo().default(true).describe("Also write the log as TensorBoard event files, beside log.jsonl."),
});
