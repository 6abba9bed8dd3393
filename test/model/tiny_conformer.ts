import { conformerDefaults, type ConformerConfig } from "../../model/conformer/config.ts";

/** A Conformer of a few thousand parameters with every part. */
export const tiny: ConformerConfig = {
  ...conformerDefaults,
  inputDim: 12,
  vocabulary: 6,
  dim: 16,
  heads: 2,
  feedForwardDim: 24,
  convKernel: 5,
  blocks: 2,
  subsamplingChannels: 4,
  attentionDropout: 0.1,
  positionDropout: 0.1,
  ctcDropout: 0.1,
};
