/** Sizes and conventions of a Conformer block (Gulati et al., "Conformer", 2020). */
export interface ConformerBlockConfig {
  readonly dim: number;
  readonly heads: number;
  readonly feedForwardDim: number;
  /** Kernel of the depthwise convolution, in frames after subsampling; odd. */
  readonly convKernel: number;
  readonly dropout: number;
  readonly convNorm: "layer_norm" | "batch_norm";
  /**
   * Where padding is zeroed in the convolution module: "before_depthwise", just before the only place where frames meet, so
   * that no result depends on padding; "around_module" at its entry and exit (WeNet); "none" (ESPnet).
   */
  readonly convMask: "before_depthwise" | "around_module" | "none";
  /** Batch norm's statistics over all frames, as PyTorch does, or over "valid" ones only. */
  readonly batchNormOver: "all" | "valid";
  readonly layerNormEps: number;
  readonly batchNormEps: number;
  readonly batchNormMomentum: number;
  /**
   * Logical depths of which each has its own scale and shift of every norm, and its own running statistics, in each physical
   * block; only these depths can run then. Left out: all depths share them.
   */
  readonly normDepths?: readonly number[] | undefined;

  // Of wav2vec 2.0's Conformer:
  /** Within the feed-forward modules, where it is not `dropout`. */
  readonly activationDropout?: number;
  /** Of feed-forward and convolution modules; "silu" if left out. */
  readonly activation?: "silu" | "gelu";
  /** Biases of the convolution module; true if left out. */
  readonly convBias?: boolean;
  /** "relative" if left out. */
  readonly positions?: "relative" | "rotary" | "none";
  /** Of rotary positions. */
  readonly rotaryBase?: number;
}

/** The same of a whole model with its CTC head. */
export interface ConformerConfig extends ConformerBlockConfig {
  /** Features per input frame, such as 80 mel bins. */
  readonly inputDim: number;
  /** Output classes, the blank included. */
  readonly vocabulary: number;
  readonly blank: number;
  /** Physical blocks: those that own parameters. */
  readonly blocks: number;
  /** Channels of the two subsampling convolutions. */
  readonly subsamplingChannels: number;
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
