import * as z from "zod";
import { byKind, defaultKind } from "./by_kind.ts";
import { notNegative, oneOf, positive, share, whole, between } from "./fields.ts";
import { wav2vec2Schema } from "./wav2vec2.ts";

const decoderSchema = z.strictObject({
  blocks: whole(1).default(6).describe("Blocks."),
  heads: whole(1).nullish().describe("Attention heads; those of the encoder if left out."),
  feed_forward_dim: whole(1).default(2048).describe("Inner channels of each block's feed-forward module."),
  dropout: share(0, 1).nullish().describe("Dropout probability during training; that of the encoder if left out."),
  attention_dropout: share(0, 1)
    .default(0)
    .describe(
      "Dropout of the weights of both attentions, after the softmax: ESPnet's self_attention_dropout_rate and src_attention_dropout_rate.",
    ),
});

const conformerSchema = z.strictObject({
  kind: defaultKind("conformer").describe("A Conformer that reads log-mel features."),
  dim: whole(1).default(256).describe("Channels of the encoder; a multiple of 2 and of `heads`."),
  heads: whole(1).default(4).describe("Attention heads."),
  feed_forward_dim: whole(1).default(2048).describe("Inner channels of each of a block's two feed-forward modules."),
  conv_kernel: whole(1).default(31).describe("Kernel size of the depthwise convolution, in frames; odd."),
  blocks: whole(1).default(6).describe("Physical blocks, which own parameters: the depth of the seed."),
  subsampling_channels: whole(1)
    .nullish()
    .describe("Channels of the two strided convolutions that subsample the input by 4; `dim` if left out."),
  dropout: share(0, 1)
    .default(0.1)
    .describe("Dropout probability during training: within and after each module, and of the subsampled features."),
  attention_dropout: share(0, 1)
    .default(0)
    .describe("Dropout of the attention weights, after the softmax: ESPnet's attention_dropout_rate."),
  position_dropout: share(0, 1)
    .default(0)
    .describe(
      "Dropout of the encoded positions; ESPnet drops them with its positional_dropout_rate, as it does the subsampled features.",
    ),
  ctc_dropout: share(0, 1)
    .default(0)
    .describe("Dropout of the states before the CTC output layer, as in ESPnet's CTC."),
  stochastic_depth_rate: share(0, 1)
    .default(0)
    .describe(
      "Stochastic depth, as in ESPnet: each training step skips layer l of L (from 1) of every path with probability rate l / L, and divides what kept layers add to the residual stream by 1 minus that.",
    ),
  conv_norm: oneOf("layer_norm", "batch_norm")
    .default("layer_norm")
    .describe("Norm in the convolution module. Batch norm mixes the statistics of all depths; layer norm has none."),
  conv_mask: oneOf("before_depthwise", "around_module", "none")
    .default("before_depthwise")
    .describe(
      "Where the convolution module zeroes padding: just before the depthwise convolution, so that padding changes no result; at its entry and exit, as in WeNet; or nowhere, as in ESPnet.",
    ),
  decoder: decoderSchema
    .nullable()
    .default(null)
    .describe(
      "A Transformer decoder that all depths share, beside CTC: the hybrid of ESPnet and of the paper. Null: CTC alone.",
    ),
  norms: oneOf("shared", "per_depth")
    .default("shared")
    .describe(
      "Whether all depths share the scale and shift of every norm (and batch norm's statistics), or each of unfold.depths and the trained depths has its own. With per_depth, depths share no computation and no other depth can run.",
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
      "Order of blocks in a deeper path: repeat (0 0 1 1), cycle (0 1 0 1), or a list of block indices for the deep path, whose prefixes are the other paths.",
    ),
  depths: z
    .array(whole(1, 1000), { error: "expected a list of depths such as [2, 4, 6]" })
    .min(1, { error: "expected at least one depth" })
    .optional()
    .describe(
      "Logical depths to evaluate. The largest is the deep path; the seed path has depth model.blocks. Default: model.blocks and twice that, or what `repeatable` allows; if `order` is a list, model.blocks and its length.",
    ),
  repeatable: z
    .array(whole(0), { error: "expected a list of block indices such as [4, 5, 6, 7]" })
    .min(1, { error: "expected at least one block" })
    .nullable()
    .default(null)
    .describe(
      "Blocks that repeat order may apply more than once; null: all. If some may not, the others are applied at most twice, since a block may be applied k + 1 times only if all others are applied k or k + 1 times; the largest depth is then model.blocks plus the length of this list.",
    ),
  shallow: oneOf("first", "even")
    .default("first")
    .describe(
      "Blocks that a depth below model.blocks runs: the first ones, or evenly spaced ones including the last (every other block at half the depth).",
    ),
  decoder: z
    .union([z.literal("proportional"), whole(1, 1000), z.array(whole(0)).min(1)], {
      error: 'expected a number of layers, "proportional" or a list of block indices such as [0, 0, 1, 1]',
    })
    .nullable()
    .default(null)
    .describe(
      "How model.decoder unfolds, in the same order: the number of its layers on every path; proportional, as many times its blocks as the path has times model.blocks, rounded, and never less than each block once; or a list of its block indices for every path. Null: each block once. `repeatable` and `shallow` are about the encoder alone.",
    ),
  checkpointing: z
    .union([z.literal("auto"), z.boolean()], { error: 'expected "auto", true or false' })
    .default("auto")
    .describe(
      "Keep only each block's input for the backward pass and recompute the rest: less memory, more time. auto: only where keeping all would take more than half of the available memory.",
    ),
});

export const lossSchema = z.strictObject({
  seed_weight: notNegative()
    .default(0.25)
    .describe("Weight of the seed path's loss; the deep path's is 1. Not used with depth_weights."),
  depth_weights: depthWeights
    .nullable()
    .default(null)
    .describe(
      "The depths to train, with their loss weights, such as { 2: 0.25, 6: 1 }. The deepest and the shallowest act as deep path and seed path; a single depth trains alone. Null: the deep path and the seed path.",
    ),
  kl_weight: notNegative()
    .default(0.1)
    .describe("Weight of the self-distillation term T^2 KL between the posteriors of the deep path and the seed path."),
  kl_of: oneOf("ctc", "attention", "both")
    .nullish()
    .describe(
      "Whose posteriors the KL term compares: CTC's, frame by frame, the decoder's, token by token, or the sum of both. Default: both with a decoder, else ctc.",
    ),
  kl_reduction: oneOf("frames", "batch")
    .default("frames")
    .describe(
      "The KL term is the mean over the frames (or tokens) of a batch, or their sum divided by its utterances.",
    ),
  ctc_weight: between(0, 1)
    .nullish()
    .describe(
      "Share of CTC in the loss of a model with a decoder, whose own loss has the rest. Default: 0.3, the paper's. Without a decoder it must be left out.",
    ),
  label_smoothing: between(0, 1)
    .nullish()
    .describe(
      "Share of a token's probability that the decoder should give to other tokens, as in ESPnet. Default: 0.1.",
    ),
  temperature: positive().default(1).describe("Temperature T: logits are divided by it before the KL term."),
  kl_direction: oneOf("teacher_to_student", "student_to_teacher")
    .default("teacher_to_student")
    .describe("KL(teacher || student), which makes the student cover the teacher, or KL(student || teacher)."),
  kl_teacher: oneOf("deep", "seed").default("deep").describe("The teacher path in the KL term."),
  detach: oneOf("teacher", "student", "none")
    .default("teacher")
    .describe("The side of the KL term that gets no gradient."),
  middle_depths: whole(0)
    .default(0)
    .describe(
      "Number of depths between seed and deep path that each step draws and trains like the seed path. With norms per_depth, they are drawn from unfold.depths.",
    ),
  layer_drop: share(0, 1)
    .default(0)
    .describe(
      "LayerDrop: probability of skipping each layer of the deep path in a training step, so that shallower depths work at test time.",
    ),
});

/** Spans masked in wav2vec 2.0 and HuBERT during training (Baevski et al. 2020, section 4.2); keys follow Hugging Face's `mask_time_*` and `mask_feature_*`. */
export const maskingSchema = z.strictObject({
  time_prob: between(0, 1)
    .default(0.05)
    .describe(
      "Share of an utterance's frames to mask with spans in time; the number of spans is this share of the frames divided by `time_length`. Spans may overlap, so fewer frames are masked. 0 masks none.",
    ),
  time_length: whole(1)
    .default(10)
    .describe("Length of a time span in frames, which the learned mask vector replaces."),
  time_min: whole(0).default(2).describe("Minimum number of time spans per utterance."),
  channel_prob: between(0, 1)
    .default(0)
    .describe("Like `time_prob`, for spans of channels, which are set to zero in all frames; 0 masks none."),
  channel_length: whole(1).default(10).describe("Length of a channel span in channels."),
  channel_min: whole(0).default(0).describe("Minimum number of channel spans per utterance."),
});
