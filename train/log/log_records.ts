import type { PerDepth } from "../../checkpoint/state.ts";
import type { MemoryLimit } from "../memory/memory_limit.ts";
import type { MemoryPlan } from "../memory/memory_plan.ts";
import type { EvaluationMemory } from "../../recognition/memory.ts";

/** Starts each part of a run: the first one, and one for each time it was resumed. */
export interface StartRecord {
  type: "start";
  /** ISO 8601. */
  time: string;
  /** As `plainConfig` returns it. */
  config: Record<string, unknown>;
  /** Name of the WebGPU adapter. */
  adapter: string;
  /** Number of stored parameters; `decoder` is missing in old logs. */
  parameters: { whole: number; encoder: number; decoder?: number };
}

/** The predicted memory of the largest batches, and the available memory, null if unknown. */
export interface PlanRecord extends MemoryPlan {
  type: "plan";
  /** Undefined if one of its tensors does not fit into any buffer of the device. */
  evaluation?: EvaluationMemory;
  /** Sample rate in Hz; only in runs on waveforms, whose frames are samples. */
  waveformRate?: number;
  limit: MemoryLimit | null;
}

/** Means over the steps since the last step record. */
export interface StepRecord {
  type: "step";
  step: number;
  epoch: number;
  /** The joint loss. */
  loss: number;
  /** CTC loss of each path: the batch's sum divided by its utterances. */
  ctc: PerDepth;
  /** The decoder's loss of each path, in runs of models with one: likewise. */
  attention?: PerDepth;
  /** KL term before its weight. */
  kl: number;
  learningRate: number;
  /** Global norm before clipping. */
  gradNorm: number;
  /** Feature frames trained on per second, without padding. */
  framesPerSecond: number;
  /** Seconds of audio per second; only in runs on waveforms, whose frames are samples. */
  audioPerSecond?: number;
  /** Share of the time spent waiting for data, 0 to 1. */
  dataWaitShare: number;
  /** Of several processes that train together: their number, and shares of the time spent exchanging gradients and waiting for the slowest. */
  ranks?: number;
  communicationShare?: number;
  rankWaitShare?: number;
  gpuBytes: number;
  /** Utterances left out of the training set because CTC cannot align them. */
  skipped: number;
  /** Utterances in these steps' batches that proved too short for their texts and added nothing to the loss. */
  infeasible?: number;
  /** With f16: the current loss scale, and the steps skipped so far because the gradient overflowed. */
  lossScale?: number;
  skippedSteps?: number;
  /** Training time so far, over all parts of a resumed run. */
  seconds: number;
}

export interface DevRecord {
  type: "dev";
  step: number;
  epoch: number;
  /** Word error rate, 1 is 100 %. */
  wer: PerDepth;
  cer: PerDepth;
  /**
   * Share of frames whose most probable class is the blank, of the deepest path or of each. If it stays close to 1, the
   * model has collapsed.
   */
  blankRatio: PerDepth | number;
  /**
   * Mean CTC loss per utterance, like the steps' `ctc` but without dropout. Leaves out utterances that cannot be aligned
   * or whose text has characters that no unit spells.
   */
  loss?: PerDepth;
}

/** Means over the steps of a language model since the last such record. */
export interface LanguageModelStepRecord extends Pick<
  StepRecord,
  | "step"
  | "epoch"
  | "learningRate"
  | "gradNorm"
  | "dataWaitShare"
  | "ranks"
  | "communicationShare"
  | "rankWaitShare"
  | "gpuBytes"
  | "lossScale"
  | "skippedSteps"
  | "seconds"
> {
  type: "lm_step";
  /** -log p of a unit or a sentence's end, natural logarithm. */
  loss: number;
  /** Units and ends of sentences trained on per second. */
  tokensPerSecond: number;
}

export interface LanguageModelDevRecord {
  type: "lm_dev";
  step: number;
  epoch: number;
  /** Per unit; ends of sentences count as units, and as words. */
  perplexity: number;
  wordPerplexity: number;
}

export interface WarningRecord {
  type: "warning";
  /** Only for warnings raised by training, not for those about the data. */
  step?: number;
  message: string;
}

/** One depth's errors on a whole set. */
export interface ResultRow {
  depth: number;
  /** Rates, 1 is 100 %. */
  wer: number;
  cer: number;
  substitutions: number;
  deletions: number;
  insertions: number;
  /** Reference words. */
  words: number;
  /** Parameters to load for this depth. */
  parameters: number;
  /** Seconds of decoding per second of audio. */
  realTimeFactor: number;
  /** The encoder's share of `parameters`, and the parameters of a separately built model of this depth. */
  encoderParameters?: number;
  untied?: { whole: number; encoder: number };
}

export interface ResultRecord {
  type: "result";
  /** Name of the test set. */
  set: string;
  rows: ResultRow[];
}

/** The average of several checkpoints, evaluated on dev like the best one. */
export interface AverageRecord {
  type: "average";
  of: "best" | "last";
  /** Steps of the checkpoints. */
  steps: number[];
  /** On dev; `bestWer` is the best checkpoint's, at the deepest path. */
  wer: PerDepth;
  cer: PerDepth;
  bestWer: number;
  /** Which of them the test sets are tested with: the average if it is better at the deepest path. */
  tested: "average" | "best";
}

export interface EndRecord {
  type: "end";
  /** "finished", "interrupted", or the message of what went wrong. */
  reason: string;
  /** The step at which early stopping ended the run, as the dev WER no longer fell. */
  stoppedEarly?: number;
}

export type LogRecord =
  | StartRecord
  | PlanRecord
  | StepRecord
  | DevRecord
  | LanguageModelStepRecord
  | LanguageModelDevRecord
  | WarningRecord
  | ResultRecord
  | AverageRecord
  | EndRecord;
