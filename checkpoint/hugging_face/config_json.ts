import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import type { Wav2Vec2Config } from "../../model/wav2vec2/config.ts";

const count = (preset: number) => z.int().min(1).default(preset);
/**
 * A config.json beyond these limits is damaged, and would fill memory with long lists before any weight is compared.
 */
const [MOST_LAYERS, MOST_CLASSES] = [1000, 1_000_000];
const share = (preset: number) => z.number().min(0).max(1).default(preset);
const sizes = (...preset: number[]) => z.array(z.int().min(1)).min(1).max(MOST_LAYERS).default(preset);
/** An option for which only the usual value is supported. */
const only = <T extends boolean | null>(value: T) =>
  z.literal(value, `expected ${String(value)}: models with it are not supported`).default(value as never);
const activation = z.enum(["gelu", "swish", "silu"], "expected gelu or swish");

/**
 * The keys of a `config.json` that determine what an encoder computes, with the defaults of Hugging Face transformers;
 * other keys (of pretraining, of other heads) are left alone.
 */
const configSchema = z.looseObject({
  model_type: z.enum(["wav2vec2", "hubert", "wav2vec2-conformer"], "expected wav2vec2, hubert or wav2vec2-conformer"),
  vocab_size: z.int().min(2).max(MOST_CLASSES).nullish(),
  pad_token_id: z.int().min(0).nullish(),
  hidden_size: count(768),
  num_hidden_layers: z.int().min(1).max(MOST_LAYERS).default(12),
  num_attention_heads: count(12),
  intermediate_size: count(3072),
  hidden_act: activation.default("gelu"),
  layer_norm_eps: z.number().positive().default(1e-5),
  do_stable_layer_norm: z.boolean().default(false),

  conv_dim: sizes(512, 512, 512, 512, 512, 512, 512),
  conv_kernel: sizes(10, 3, 3, 3, 3, 2, 2),
  conv_stride: sizes(5, 2, 2, 2, 2, 2, 2),
  conv_bias: z.boolean().default(false),
  feat_extract_norm: z.enum(["group", "layer"], "expected group or layer").default("group"),
  feat_extract_activation: z.literal("gelu", "expected gelu").default("gelu"),
  feat_proj_layer_norm: z.boolean().default(true),
  num_conv_pos_embeddings: count(128),
  num_conv_pos_embedding_groups: count(16),

  position_embeddings_type: z
    .enum(["relative", "rotary"], "expected relative, rotary or null")
    .nullable()
    .default("relative"),
  rotary_embedding_base: z.number().positive().default(10000),
  conv_depthwise_kernel_size: count(31),

  hidden_dropout: share(0.1),
  activation_dropout: share(0.1),
  feat_proj_dropout: share(0),
  final_dropout: share(0.1),
  layerdrop: z.number().min(0).lt(1, "expected less than 1: a step without any layer trains nothing").default(0.1),
  attention_dropout: share(0.1),
  conformer_conv_dropout: share(0.1),
  apply_spec_augment: z.boolean().default(true),
  mask_time_prob: share(0.05),
  mask_time_length: count(10),
  mask_time_min_masks: z.int().min(0).default(2),
  mask_feature_prob: share(0),
  mask_feature_length: count(10),
  mask_feature_min_masks: z.int().min(0).default(0),

  add_adapter: only(false),
  adapter_attn_dim: only(null),
  conv_pos_batch_norm: only(false),
  use_weighted_layer_sum: only(false),
});

export type HuggingFaceConfig = z.output<typeof configSchema>;

/**
 * Checks the content of a `config.json`.
 *
 * @param source the file, for messages
 * @throws UserError in one sentence that names each key with an unsupported value, and the value
 */
export function parseModelConfig(json: unknown, source: string): HuggingFaceConfig {
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const value = path.reduce<unknown>(
        (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
        json,
      );
      return path.length === 0
        ? message
        : `${path.join(".")} is ${value === undefined ? "missing" : JSON.stringify(value)}, ${message}`;
    });
    throw new UserError(`${source}: ${faults.join("; ")}`);
  }
  const {
    conv_dim,
    conv_kernel,
    conv_stride,
    hidden_size,
    num_attention_heads,
    num_conv_pos_embedding_groups: groups,
    vocab_size,
    pad_token_id,
  } = parsed.data;
  if (conv_dim.length !== conv_kernel.length || conv_dim.length !== conv_stride.length) {
    throw new UserError(
      `${source}: conv_dim, conv_kernel and conv_stride have ${conv_dim.length}, ${conv_kernel.length} and ${conv_stride.length} entries, expected the same number of each`,
    );
  }
  if (hidden_size % num_attention_heads !== 0)
    throw new UserError(
      `${source}: num_attention_heads is ${num_attention_heads}, which does not divide hidden_size ${hidden_size}`,
    );
  if (hidden_size % groups !== 0)
    throw new UserError(
      `${source}: num_conv_pos_embedding_groups is ${groups}, which does not divide hidden_size ${hidden_size}`,
    );
  if ((pad_token_id ?? 0) >= (vocab_size ?? 32))
    throw new UserError(
      `${source}: pad_token_id, the blank of CTC, is ${pad_token_id}, but vocab_size is ${vocab_size ?? 32}`,
    );
  return parsed.data;
}

/**
 * Sizes and conventions of the model that a `config.json` describes. `preprocessor_config.json` says whether padding is
 * masked in attention; here it takes the default of feature extractors: not with a group norm.
 *
 * @throws UserError as `parseModelConfig`
 */
export function readModelConfig(json: unknown, source: string): Wav2Vec2Config {
  const config = parseModelConfig(json, source);
  const isConformer = config.model_type === "wav2vec2-conformer";
  return {
    kind: isConformer ? "wav2vec2_conformer" : (config.model_type as "wav2vec2" | "hubert"),
    inputDim: 1,
    vocabulary: config.vocab_size ?? 32,
    blank: config.pad_token_id ?? 0,
    dim: config.hidden_size,
    heads: config.num_attention_heads,
    feedForwardDim: config.intermediate_size,
    activation: config.hidden_act === "gelu" ? "gelu" : "silu",
    blocks: config.num_hidden_layers,
    convDims: config.conv_dim,
    convKernels: config.conv_kernel,
    convStrides: config.conv_stride,
    convBias: config.conv_bias,
    featureNorm: config.feat_extract_norm,
    projectionNorm: config.feat_proj_layer_norm,
    normFirst: !isConformer && config.do_stable_layer_norm,
    positionalKernel: config.num_conv_pos_embeddings,
    positionalGroups: config.num_conv_pos_embedding_groups,
    positions: isConformer ? (config.position_embeddings_type ?? "none") : "none",
    rotaryBase: config.rotary_embedding_base,
    depthwiseKernel: config.conv_depthwise_kernel_size,
    attentionMask: config.feat_extract_norm === "layer",
    layerNormEps: config.layer_norm_eps,
    dropout: config.hidden_dropout,
    attentionDropout: config.attention_dropout,
    activationDropout: config.activation_dropout,
    featureDropout: config.feat_proj_dropout,
    finalDropout: config.final_dropout,
    freezeFeatureEncoder: true,
  };
}

/** The `masking` section of a training config; null if the model was trained without masking. */
export function readMasking(config: HuggingFaceConfig): Record<string, number> | null {
  if (!config.apply_spec_augment || (config.mask_time_prob === 0 && config.mask_feature_prob === 0)) return null;
  return {
    time_prob: config.mask_time_prob,
    time_length: config.mask_time_length,
    time_min: config.mask_time_min_masks,
    channel_prob: config.mask_feature_prob,
    channel_length: config.mask_feature_length,
    channel_min: config.mask_feature_min_masks,
  };
}

/**
 * A line for each non-zero dropout that this project's models do not have as transformers does: a Conformer's blocks there drop what
 * attention adds at attention_dropout, what the convolution adds at conformer_conv_dropout.
 */
export function missingDropouts({
  model_type,
  attention_dropout,
  conformer_conv_dropout,
  hidden_dropout,
}: HuggingFaceConfig): string[] {
  if (model_type !== "wav2vec2-conformer") return [];
  const isOther = (rate: number): boolean => rate > 0 && rate !== hidden_dropout;
  return [
    ...(isOther(attention_dropout)
      ? [
          `attention_dropout ${attention_dropout} applies to the attention weights: fine-tuning uses hidden_dropout, ${hidden_dropout}, after attention`,
        ]
      : []),
    ...(isOther(conformer_conv_dropout)
      ? [
          `conformer_conv_dropout ${conformer_conv_dropout} is not supported: fine-tuning uses hidden_dropout, ${hidden_dropout}, after convolutions too`,
        ]
      : []),
  ];
}

/** The config.json entries for a model that did not come from such a file. */
export function modelConfigJson(
  config: Wav2Vec2Config,
  masking: Readonly<Record<string, number>> | null,
): Record<string, unknown> {
  const isConformer = config.kind === "wav2vec2_conformer";
  const architectures = {
    wav2vec2: "Wav2Vec2ForCTC",
    hubert: "HubertForCTC",
    wav2vec2_conformer: "Wav2Vec2ConformerForCTC",
  };
  return {
    architectures: [architectures[config.kind]],
    model_type: isConformer ? "wav2vec2-conformer" : config.kind,
    vocab_size: config.vocabulary,
    pad_token_id: config.blank,
    bos_token_id: null,
    eos_token_id: null,
    hidden_size: config.dim,
    num_hidden_layers: config.blocks,
    num_attention_heads: config.heads,
    intermediate_size: config.feedForwardDim,
    hidden_act: config.activation === "silu" ? "swish" : "gelu",
    layer_norm_eps: config.layerNormEps,
    conv_dim: config.convDims,
    conv_kernel: config.convKernels,
    conv_stride: config.convStrides,
    conv_bias: config.convBias,
    num_feat_extract_layers: config.convDims.length,
    feat_extract_norm: config.featureNorm,
    feat_extract_activation: "gelu",
    num_conv_pos_embeddings: config.positionalKernel,
    num_conv_pos_embedding_groups: config.positionalGroups,
    hidden_dropout: config.dropout,
    activation_dropout: config.activationDropout,
    attention_dropout: config.attentionDropout,
    feat_proj_dropout: config.featureDropout,
    final_dropout: config.finalDropout,
    layerdrop: 0,
    apply_spec_augment: masking !== null,
    ...(masking && {
      mask_time_prob: masking["time_prob"],
      mask_time_length: masking["time_length"],
      mask_time_min_masks: masking["time_min"],
      mask_feature_prob: masking["channel_prob"],
      mask_feature_length: masking["channel_length"],
      mask_feature_min_masks: masking["channel_min"],
    }),
    ...(isConformer
      ? {
          position_embeddings_type: config.positions === "none" ? null : config.positions,
          rotary_embedding_base: config.rotaryBase,
          conv_depthwise_kernel_size: config.depthwiseKernel,
          conformer_conv_dropout: config.dropout,
        }
      : { do_stable_layer_norm: config.normFirst }),
    ...(config.kind === "hubert" && { feat_proj_layer_norm: config.projectionNorm }),
  };
}
