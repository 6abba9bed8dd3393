// What the page and the worker say to each other about training.

/** A spoken digit string. */
export interface SpokenString {
  readonly id: string;
  readonly text: string;
  /** `[samples]` at the model's rate */
  readonly waveform: Float32Array;
}

/** What a model is trained on, and judged by. */
export interface SpokenStrings {
  readonly train: readonly SpokenString[];
  /** Kept back: never trained on. */
  readonly dev: readonly SpokenString[];
}

/** What the page's sliders set, from the next step on. */
export interface TrainingSettings {
  /** Peak of the schedule. */
  readonly learningRate: number;
  /** Weight of the seed's CTC loss; the deepest path's is 1. */
  readonly seedWeight: number;
  /** Weight of the divergence between the seed and the deepest path. */
  readonly klWeight: number;
}

/** A model in training. */
export interface TrainingReport {
  readonly settings: TrainingSettings;
  /** Depths whose loss every step trains, and depths that are judged, in ascending order. */
  readonly trained: readonly number[];
  readonly judged: readonly number[];
  readonly parameters: number;
  readonly strings: number;
  readonly keptBack: number;
  readonly stepsPerEpoch: number;
  /** Completed steps. */
  readonly step: number;
  /** What of the config the page leaves out; empty if nothing. */
  readonly remarks: readonly string[];
}

/** One step's losses. */
export interface StepLosses {
  readonly step: number;
  /** The joint loss. */
  readonly loss: number;
  /** CTC losses in the order of the report's `trained`: the batch's sum divided by its strings. */
  readonly ctc: readonly number[];
}

/** What a model in training says of the strings kept back, and of a recording. */
export interface Judgement {
  readonly step: number;
  /** Word errors / words in the order of the report's `judged`. */
  readonly wer: readonly number[];
  /** Texts of the recording at the seed's and the deepest depth; undefined without a recording, or if it is too short. */
  readonly heard: readonly [seed: string, deepest: string] | undefined;
}

/** A checkpoint as the bytes of its file, and what to call it. */
export interface CheckpointBytes {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** The calls of training. Each is short, so that others are answered in between. */
export interface TrainingCalls {
  /** The rate in Hz at which a checkpoint hears, if the page can train it. */
  trainingRate: { args: CheckpointBytes; result: number };
  /** A model drawn from a config, as plain values, or taken from a checkpoint. What was trained before is forgotten. */
  startTraining: {
    args: { strings: SpokenStrings } & ({ config: unknown } | { checkpoint: CheckpointBytes });
    result: TrainingReport;
  };
  /** Trains on further strings too, at the model's rate, from the next step on. The epoch begins anew, and the step stays. */
  addStrings: { args: { strings: readonly SpokenString[] }; result: TrainingReport };
  /** Steps until so many are done or so much time has passed, at least one. */
  trainSteps: {
    args: { most: number; milliseconds: number; settings: TrainingSettings };
    result: readonly StepLosses[];
  };
  judgeTraining: { args: { waveform: Float32Array | undefined }; result: Judgement };
  saveTraining: { args: Record<string, never>; result: Uint8Array };
}
