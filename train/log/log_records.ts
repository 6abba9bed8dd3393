import type { PerDepth } from "../../checkpoint/state.ts";
import type { MemoryLimit } from "../memory/memory_limit.ts";
import type { MemoryPlan } from "../memory/memory_plan.ts";
import type { EvaluationMemory } from "../../recognition/memory.ts";

/** Opens each part of a run: the first, and one more for each time it was resumed. */
export interface StartRecord {
  type: "start";
  /** ISO 8601. */
  time: string;
  /** As `plainConfig` gives it. */
  config: Record<string, unknown>;
  /** Name of the WebGPU adapter. */
  adapter: string;
  /** Number of parameters that are stored. */
  parameters: { whole: number; encoder: number };
}

/** The memory that the largest batches were predicted to need, and what there is; null if nobody tells. */
export interface PlanRecord extends MemoryPlan {
  type: "plan";
  /** Undefined where a tensor of it is larger than any of the device's buffers. */
  evaluation?: EvaluationMemory;
  /** Of runs on waveforms, whose frames are samples: Hz. */
  waveformRate?: number;
  limit: MemoryLimit | null;
}

/** Means over the steps since the last such record. */
export interface StepRecord {
  type: "step";
  step: number;
  epoch: number;
  /** The joint loss. */
  loss: number;
  /** CTC loss of each path: sum over the batch / utterances. */
  ctc: PerDepth;
  /** KL term before its weight. */
  kl: number;
  learningRate: number;
  /** Global norm before clipping. */
  gradNorm: number;
  /** Feature frames trained on in a second, padding not counted. */
  framesPerSecond: number;
  /** Of runs on waveforms, whose frames are samples: seconds of audio a second. */
  audioPerSecond?: number;
  /** Share of the time, 0 to 1, in which the device waited for data. */
  dataWaitShare: number;
  gpuBytes: number;
  /** Utterances left out of the training set, since CTC cannot align them. */
  skipped: number;
  /** Utterances of these steps' batches that were too short for their texts when it came to it: they added nothing to the loss. */
  infeasible?: number;
  /** With f16: what the loss is multiplied by now, and steps left out so far because the gradient overflowed. */
  lossScale?: number;
  skippedSteps?: number;
  /** Time spent training so far, all parts of a resumed run together. */
  seconds: number;
}

export interface DevRecord {
  type: "dev";
  step: number;
  epoch: number;
  /** Word error rate, 1 is 100 %. */
  wer: PerDepth;
  cer: PerDepth;
  /** Share of frames whose best class is the blank, at the deepest path or at each. Close to 1 for long, the model has collapsed. */
  blankRatio: PerDepth | number;
  /**
   * CTC loss, like the steps' `ctc` but without dropout: sum over utterances / utterances. Those whose text has characters that
   * no unit spells, or cannot be aligned, are left out.
   */
  loss?: PerDepth;
}

export interface WarningRecord {
  type: "warning";
  /** Of one that training gave; those of the data have none. */
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
  /** Words of the references. */
  words: number;
  /** Parameters that have to be loaded for this depth. */
  parameters: number;
  /** Seconds of decoding for a second of sound. */
  realTimeFactor: number;
  /** The encoder's part of `parameters`, and what an individually built model of this depth would have. */
  encoderParameters?: number;
  untied?: { whole: number; encoder: number };
}

export interface ResultRecord {
  type: "result";
  /** Name of the test set. */
  set: string;
  rows: ResultRow[];
}

/** The mean of several checkpoints, evaluated on dev as the best of them was. */
export interface AverageRecord {
  type: "average";
  of: "best" | "last";
  /** Of the checkpoints. */
  steps: number[];
  /** On dev, and that of the best checkpoint at the deepest path. */
  wer: PerDepth;
  cer: PerDepth;
  bestWer: number;
  /** Which the test sets are tested with: the mean, where its WER at the deepest path is lower. */
  tested: "average" | "best";
}

export interface EndRecord {
  type: "end";
  /** "finished", "interrupted", or the message of what went wrong. */
  reason: string;
  /** Of a run that ended before its last step, since the dev WER no longer fell: the step. */
  stoppedEarly?: number;
}

export type LogRecord =
  StartRecord | PlanRecord | StepRecord | DevRecord | WarningRecord | ResultRecord | AverageRecord | EndRecord;
