import { restoreConfig, type TrainConfig } from "../../config/config.ts";

/** A model and a batch whose training steps are timed. */
export interface StepConfiguration {
  readonly name: string;
  /** False if a step takes minutes on a software driver, where it then runs only if a filter names it. */
  readonly onSoftware: boolean;
  /** The sections of a training config that matter here, as in YAML. */
  readonly sections: Readonly<Record<string, unknown>>;
  readonly vocabulary: number;
  readonly batch: {
    readonly size: number;
    /** of audio, each */ readonly seconds: number;
    /** of each utterance's target */ readonly labels: number;
  };
}

const conformer256 = { dim: 256, heads: 4, feed_forward_dim: 2048, conv_kernel: 31, dropout: 0.1 };
const batch256 = { size: 16, seconds: 10, labels: 50 };

/** As examples/fsdd: real recordings of digits at 8 kHz, a seed of 2 blocks in repeat order. */
const digits = {
  data: { train: "none.jsonl", dev: "none.jsonl", sample_rate: 8000 },
  features: { bins: 40 },
  unfold: { order: "repeat", depths: [2, 4], checkpointing: false },
};
const digitsModel = {
  dim: 96,
  heads: 4,
  feed_forward_dim: 384,
  conv_kernel: 15,
  blocks: 2,
  subsampling_channels: 16,
  dropout: 0.1,
};
const digitsBatch = { size: 16, seconds: 2.5, labels: 20 };

const declared: readonly StepConfiguration[] = [
  {
    // A seed of 2 blocks and its middle depths, as the web page ships.
    name: "tiny",
    onSoftware: true,
    sections: {
      features: { bins: 40 },
      model: {
        dim: 64,
        heads: 4,
        feed_forward_dim: 192,
        conv_kernel: 15,
        blocks: 2,
        subsampling_channels: 16,
        dropout: 0,
      },
      unfold: { order: "cycle", depths: [2, 4, 6], checkpointing: false },
      loss: { middle_depths: 1 },
    },
    vocabulary: 16,
    batch: { size: 12, seconds: 2, labels: 12 },
  },
  {
    name: "fsdd",
    onSoftware: false,
    sections: { ...digits, model: digitsModel, loss: { temperature: 2 } },
    vocabulary: 17,
    batch: digitsBatch,
  },
  {
    // As examples/hybrid: the same with an attention decoder.
    name: "hybrid",
    onSoftware: false,
    sections: {
      ...digits,
      model: { ...digitsModel, decoder: { blocks: 2, heads: 4, feed_forward_dim: 384, dropout: 0.1 } },
    },
    vocabulary: 17,
    batch: digitsBatch,
  },
  {
    // The README's "Train on your own speech", in repeat order: batches of 4,000 frames.
    name: "readme",
    onSoftware: false,
    sections: {
      model: { dim: 144, heads: 4, feed_forward_dim: 576, blocks: 4 },
      unfold: { order: "repeat", depths: [4, 8], checkpointing: false },
    },
    vocabulary: 500,
    batch: { size: 10, seconds: 4, labels: 14 },
  },
  {
    // The usual Conformer without sharing: 12 blocks, each applied once.
    name: "conformer-12x256",
    onSoftware: false,
    sections: { model: { ...conformer256, blocks: 12 }, unfold: { depths: [12], checkpointing: false } },
    vocabulary: 500,
    batch: batch256,
  },
  {
    // The same depth from half the blocks: a seed of 6 trained jointly with its unfolding to 12.
    name: "seed-unfold-256",
    onSoftware: false,
    sections: {
      model: { ...conformer256, blocks: 6 },
      unfold: { order: "repeat", depths: [6, 12], checkpointing: false },
    },
    vocabulary: 500,
    batch: batch256,
  },
];

/** The same with f16 activations, which gain nothing on a CPU. */
const withHalves = (configuration: StepConfiguration): StepConfiguration => ({
  ...configuration,
  name: `${configuration.name}-f16`,
  onSoftware: false,
  sections: { ...configuration.sections, precision: "f16" },
});

export const stepConfigurations: readonly StepConfiguration[] = declared.flatMap((configuration) => [
  configuration,
  withHalves(configuration),
]);

/** The whole training config of a configuration; its manifests are never read. */
export const trainConfigOf = ({ name, sections }: StepConfiguration): TrainConfig =>
  restoreConfig({ data: { train: "none.jsonl", dev: "none.jsonl" }, ...sections }, `the benchmark's ${name}`);
