/** Sizes and conventions of a Conformer block (Gulati et al., "Conformer", 2020). */
export interface ConformerBlockConfig {
  readonly dim: number;
  readonly heads: number;
  readonly feedForwardDim: number;
  /** Kernel of the depthwise convolution, in frames after subsampling; odd. */
  readonly convKernel: number;
  readonly dropout: number;
  /** Dropout of the attention weights; 0 if left out. */
  readonly attentionDropout?: number;
  readonly convNorm: "layer_norm" | "batch_norm";
  /**
   * Where the convolution module zeroes padding: "before_depthwise", just before the only operation that mixes frames, so that no
   * result depends on padding; "around_module", at its entry and exit (WeNet); "none" (ESPnet).
   */
  readonly convMask: "before_depthwise" | "around_module" | "none";
  /** Batch norm statistics over "all" frames, as in PyTorch, or only over "valid" ones. */
  readonly batchNormOver: "all" | "valid";
  readonly layerNormEps: number;
  readonly batchNormEps: number;
  readonly batchNormMomentum: number;
  /**
   * Logical depths that each have their own norms (scale, shift and running statistics) in every physical block; only these depths
   * can then run. Left out: all depths share their norms.
   */
  readonly normDepths?: readonly number[] | undefined;

  // For wav2vec 2.0's Conformer:
  /** Dropout within the feed-forward modules; `dropout` if left out. */
  readonly activationDropout?: number;
  /** Activation of the feed-forward and convolution modules; "silu" if left out. */
  readonly activation?: "silu" | "gelu";
  /** Biases of the convolution module; true if left out. */
  readonly convBias?: boolean;
  /** "relative" if left out. */
  readonly positions?: "relative" | "rotary" | "none";
  /** Base of the rotary position frequencies. */
  readonly rotaryBase?: number;
}

/** Sizes and conventions of a whole Conformer with its CTC head. */
export interface ConformerConfig extends ConformerBlockConfig {
  /** Features per input frame, such as 80 mel bins. */
  readonly inputDim: number;
  /** Number of output classes, including the blank. */
  readonly vocabulary: number;
  readonly blank: number;
  /** Physical blocks, which own parameters. */
  readonly blocks: number;
  /** Channels of the two subsampling convolutions. */
  readonly subsamplingChannels: number;
  /** Dropout of the encoded positions, which all layers share; 0 if left out. */
  readonly positionDropout?: number;
  /** Dropout of the states that the CTC head reads; 0 if left out. */
  readonly ctcDropout?: number;
}

export const conformerDefaults: Omit<ConformerConfig, "inputDim" | "vocabulary"> = {
  dim: 256,
  heads: 4,
  feedForwardDim: 2048,
  convKernel: 31,
  blocks: 6,
  subsamplingChannels: 256,
  dropout: 0.1,
  convNorm: "layer_norm",
  convMask: "before_depthwise",
  batchNormOver: "all",
  layerNormEps: 1e-5,
  batchNormEps: 1e-5,
  batchNormMomentum: 0.1,
  blank: 0,
};
