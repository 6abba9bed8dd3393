/**
 * Sizes and conventions of the speech foundation models: wav2vec 2.0 (Baevski et al., 2020), HuBERT (Hsu et al., 2021), whose
 * encoders are the same, and the Conformer variant of wav2vec 2.0 in fairseq and Hugging Face transformers.
 */
export interface Wav2Vec2Config {
  /** Which of them; decides parameter names and the kind of block. */
  readonly kind: "wav2vec2" | "hubert" | "wav2vec2_conformer";
  /** One value a sample: the input is the waveform. */
  readonly inputDim: 1;
  /** Output classes, the blank included. */
  readonly vocabulary: number;
  /** Class of the blank: the padding token of a published vocabulary. */
  readonly blank: number;
  readonly dim: number;
  readonly heads: number;
  readonly feedForwardDim: number;
  /** Of the feed-forward layers, and of the convolution module of a "wav2vec2_conformer". */
  readonly activation: "gelu" | "silu";
  /** Physical blocks: those that own parameters. */
  readonly blocks: number;

  /** The feature encoder: convolutions over the waveform, one entry a layer. */
  readonly convDims: readonly number[];
  readonly convKernels: readonly number[];
  readonly convStrides: readonly number[];
  readonly convBias: boolean;
  /** Norms in it: "group" on the first layer only, one group a channel over all frames; "layer" on every layer. */
  readonly featureNorm: "group" | "layer";
  /** Layer norm before the projection of its features, which some HuBERT models lack. */
  readonly projectionNorm: boolean;

  /** Transformer blocks: norms before attention and feed-forward ("stable", as the large models) or after the addition. */
  readonly normFirst: boolean;
  /** Frames and groups of the positional convolution. A "wav2vec2_conformer" stores one that it does not use. */
  readonly positionalKernel: number;
  readonly positionalGroups: number;
  /** Of "wav2vec2_conformer" only. */
  readonly positions: "relative" | "rotary" | "none";
  readonly rotaryBase: number;
  readonly depthwiseKernel: number;

  /**
   * Whether padding is hidden from attention. Published models whose feature encoder has a group norm were trained without:
   * there every frame counts as real, padding included.
   */
  readonly attentionMask: boolean;
  readonly layerNormEps: number;

  // Dropout of attention weights, which fairseq's recipes for fine-tuning do not use either, does not exist here.
  /** After attention, feed-forward and the input of the blocks; within the feed-forward; of the projected features; before the head. */
  readonly dropout: number;
  readonly activationDropout: number;
  readonly featureDropout: number;
  readonly finalDropout: number;
  /** The feature encoder is not trained: its parameters have neither gradients nor moments. */
  readonly freezeFeatureEncoder: boolean;
}

/** wav2vec 2.0 base. */
export const wav2vec2Defaults: Omit<Wav2Vec2Config, "vocabulary"> = {
  kind: "wav2vec2",
  inputDim: 1,
  blank: 0,
  dim: 768,
  heads: 12,
  feedForwardDim: 3072,
  activation: "gelu",
  blocks: 12,
  convDims: [512, 512, 512, 512, 512, 512, 512],
  convKernels: [10, 3, 3, 3, 3, 2, 2],
  convStrides: [5, 2, 2, 2, 2, 2, 2],
  convBias: false,
  featureNorm: "group",
  projectionNorm: true,
  normFirst: false,
  positionalKernel: 128,
  positionalGroups: 16,
  positions: "none",
  rotaryBase: 10000,
  depthwiseKernel: 31,
  attentionMask: false,
  layerNormEps: 1e-5,
  dropout: 0,
  activationDropout: 0.1,
  featureDropout: 0,
  finalDropout: 0,
  freezeFeatureEncoder: true,
};
