import * as z from "zod";
import { byKind, defaultKind } from "./by_kind.ts";
import { notNegative, oneOf, positive, share, whole, yesOrNo, between } from "./fields.ts";
import { wav2vec2Schema } from "./wav2vec2.ts";

const conformerSchema = z.strictObject({
  kind: defaultKind("conformer").describe("A Conformer that reads log-mel features."),
  dim: whole(1).default(256).describe("Channels of the encoder; a multiple of 2 and of `heads`."),
  heads: whole(1).default(4).describe("Attention heads."),
  feed_forward_dim: whole(1).default(2048).describe("Inner channels of each of a block's two feed-forward modules."),
  conv_kernel: whole(1).default(31).describe("Frames that the convolution module's depthwise convolution spans; odd."),
  blocks: whole(1).default(6).describe("Physical blocks, which own parameters: the depth of the seed."),
  subsampling_channels: whole(1)
    .nullish()
    .describe("Channels of the two strided convolutions that shorten the input to a quarter; `dim` if left out."),
  dropout: share(0, 1).default(0.1).describe("Probability with which an activation is dropped during training."),
  conv_norm: oneOf("layer_norm", "batch_norm")
    .default("layer_norm")
    .describe("Norm of the convolution module. Batch norm's statistics mix across depths, layer norm has none."),
  conv_mask: oneOf("before_depthwise", "around_module", "none")
    .default("before_depthwise")
    .describe(
      "Where the convolution module sets padding to zero: just before the depthwise convolution (padding then changes no result), at its entry and exit (as WeNet), nowhere (as ESPnet).",
    ),
  norms: oneOf("shared", "per_depth")
    .default("shared")
    .describe(
      "Whether all depths share scale and shift of every norm (and batch norm's statistics), or each of unfold.depths and of the trained depths has its own. With their own, depths share no computation and no other depth can run.",
    ),
});

export const modelSchema = byKind([conformerSchema, wav2vec2Schema]);

const depthWeights = z.record(z.string(), notNegative(), {
  error: "expected a section of depths and weights such as { 2: 0.25, 6: 1 }",
});

const order = z.union([z.enum(["repeat", "cycle"]), z.array(whole(0)).min(1)], {
  error: 'expected "repeat", "cycle" or a list of block indices such as [0, 1, 1, 0]',
});

export const unfoldSchema = z.strictObject({
  order: order
    .default("repeat")
    .describe(
      "How blocks follow each other in a deeper path: repeat (0 0 1 1), cycle (0 1 0 1), or the list of block indices of the deep path, whose prefixes are the other paths.",
    ),
  depths: z
    .array(whole(1, 1000), { error: "expected a list of depths such as [2, 4, 6]" })
    .min(1, { error: "expected at least one depth" })
    .optional()
    .describe(
      "Logical depths that are evaluated. The largest is the deep path; the seed path has depth model.blocks. Default: model.blocks and twice that.",
    ),
  shallow: oneOf("first", "even")
    .default("first")
    .describe(
      "Blocks that a depth below model.blocks runs: the first ones, or evenly spaced ones with the last (at half the depth every other).",
    ),
  checkpointing: yesOrNo()
    .default(true)
    .describe("Keep only each block's input for the backward pass and compute the rest again: less memory, more time."),
});

export const lossSchema = z.strictObject({
  seed_weight: notNegative()
    .default(0.25)
    .describe("Weight of the seed path's CTC loss; the deep path's is 1. Not used with depth_weights."),
  depth_weights: depthWeights
    .nullable()
    .default(null)
    .describe(
      "The depths to train, each with the weight of its CTC loss, such as { 2: 0.25, 6: 1 }; the deepest and the shallowest take the parts of deep path and seed path. One alone is plain CTC at that depth. Null: the deep path and the seed.",
    ),
  kl_weight: notNegative()
    .default(0.1)
    .describe("Weight of the self-distillation term T^2 KL between the posteriors of the deep path and the seed path."),
  temperature: positive().default(2).describe("T, by which logits are divided before the posteriors are compared."),
  kl_direction: oneOf("teacher_to_student", "student_to_teacher")
    .default("teacher_to_student")
    .describe("KL(teacher || student), which makes the student cover the teacher, or KL(student || teacher)."),
  kl_teacher: oneOf("deep", "seed").default("deep").describe("The path that teaches the other one."),
  detach: oneOf("teacher", "student", "none")
    .default("teacher")
    .describe("The side through which the KL term sends no gradient."),
  middle_depths: whole(0)
    .default(0)
    .describe(
      "Depths between seed and deep path that are drawn at each step and trained like the seed path; with norms per depth, of those in unfold.depths.",
    ),
  layer_drop: share(0, 1)
    .default(0)
    .describe(
      "LayerDrop: probability with which each layer of the deep path is left out of a step, so that shallower depths work at test time.",
    ),
});

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
