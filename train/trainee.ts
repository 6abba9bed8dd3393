import type { Parameters } from "../engine/parameters.ts";
import type { RunError } from "../engine/errors.ts";
import type { Tape } from "../engine/tape.ts";
import type { FloatType, Tensor } from "../engine/tensor.ts";
import type { CheckpointState } from "../checkpoint/checkpoint.ts";
import type { LanguageModelState } from "../checkpoint/language/state.ts";
import type { MetricsRow, Progress, SamplerPosition } from "../checkpoint/state.ts";
import type { BatchShare } from "../data/batches/share.ts";
import type { DescentConfig, Update } from "./descend.ts";
import type { EarlyStopConfig } from "./health/early_stop.ts";
import type { RateConfig } from "./learning_rate.ts";
import type { LogRecord } from "./log/log.ts";
import type { Divergence } from "./log/run_metrics.ts";
import type { Phase } from "./profile/phases.ts";
import type { Judging, KeepingConfig, KeptCheckpoints, Ranked } from "./run/kept_checkpoints.ts";
import type { RunLength } from "./run_length.ts";
import type { Lap } from "./step_clock.ts";

/** What the loop itself needs of a config. */
export interface LoopConfig extends DescentConfig, RateConfig {
  readonly seed: number;
  readonly batch: DescentConfig["batch"] & { readonly perRank: boolean };
  readonly optimizer: DescentConfig["optimizer"] & RateConfig["optimizer"];
  readonly checkpoint: KeepingConfig;
  readonly earlyStop: EarlyStopConfig | null;
  readonly log: { readonly everySteps: number; readonly tensorboard: boolean };
  readonly parallel: { readonly timeoutS: number; readonly checkEverySteps: number; readonly gradients: "f32" | "f16" };
}

/** A batch, and enough to recreate it. */
export interface LoopBatch {
  readonly indices: readonly number[];
  readonly epoch: number;
  /** What this rank has of it; undefined where nobody shares the batch. */
  readonly share?: BatchShare;
}

/** The part of a checkpoint's state that the loop keeps. */
export interface LoopState<Score> extends Ranked<Score>, Progress {}

/** What an evaluation on dev found. */
export interface Evaluation<Score> {
  readonly record: LogRecord;
  readonly warnings: readonly string[];
  /** Ranks the checkpoint. */
  readonly score: Score;
  /** The number that early stopping watches; lower is better. */
  readonly judged: number;
}

/** What steps need of a model in training, wherever it trains: no files, no log. */
export interface Stepping<Batch extends LoopBatch> {
  readonly config: Pick<LoopConfig, "seed" | "batch">;
  /** Type of the tape's activations. */
  readonly activation: FloatType;
  readonly batches: { readonly state: SamplerPosition; next(): Promise<Batch> };
  /** Encodes one batch, see `trainingStep`; `step` is the number of completed ones. */
  encode(
    tape: Tape,
    batch: Batch,
    step: number,
    update: Update | undefined,
    phase: Phase,
  ): Record<string, Tensor | undefined>;
  /** What speed counts: unpadded frames, or tokens. */
  amount(batch: Batch): number;
  /** Utterances that are too short for their texts. */
  infeasible(batch: Batch): number;
}

/** A model in training, ready for its next step: all that the loop does not know of it. */
export interface Trainee<Batch extends LoopBatch, Score extends { readonly step: number }> extends Stepping<Batch> {
  readonly config: LoopConfig;
  readonly parameters: Parameters;
  /** With f16 activations. */
  readonly lossScale: Tensor | undefined;
  readonly length: RunLength;
  readonly metricNames: readonly string[];
  readonly judging: Judging<Score>;
  /** State of the checkpoint that the run goes on from; undefined of a new one. */
  readonly resumed: LoopState<Score> | undefined;
  /** The first record of this part of the run, and what follows it. */
  readonly opening: readonly LogRecord[];
  readonly warnings: readonly string[];
  /** A checkpoint's whole state. */
  state(loop: LoopState<Score>): CheckpointState | LanguageModelState;
  /** A log record of the steps since the last one. */
  report(
    rows: readonly MetricsRow[],
    at: {
      readonly step: number;
      readonly epoch: number;
      readonly learningRate: number;
      readonly gpuBytes: number;
    } & Lap,
  ): LogRecord;
  evaluate(step: number, epoch: number): Promise<Evaluation<Score>>;
  /** The error for a batch whose loss or gradient is not finite; `saved` is the file with the current weights. */
  diverged(divergence: Divergence, saved: string): Promise<RunError>;
  /** What early stopping says once it has ended the run. */
  stopped(evaluations: number): string;
  /** After the last step, with what `checkpoints` kept. */
  finish(checkpoints: KeptCheckpoints<Score>, write: (record: LogRecord) => void): Promise<void>;
  /** Frees what it holds. */
  close(): void;
}
