import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import type { RunError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { Tape } from "../engine/tape.ts";
import type { FloatType, Tensor } from "../engine/tensor.ts";
import type { CheckpointState } from "../checkpoint/checkpoint.ts";
import { saveCheckpoint } from "../checkpoint/checkpoint_file.ts";
import type { LanguageModelState } from "../checkpoint/language/state.ts";
import type { MetricsRow, Progress, SamplerPosition } from "../checkpoint/state.ts";
import { makeFolder } from "../data/files/output_place.ts";
import type { DescentConfig, Update } from "./descend.ts";
import { afterEvaluation, fullPatience, isExhausted, type EarlyStopConfig } from "./health/early_stop.ts";
import { learningRateAt, type RateConfig } from "./learning_rate.ts";
import { LOG_FILE, openLog, type Log, type LogRecord } from "./log/log.ts";
import { RunMetrics, type Divergence } from "./log/run_metrics.ts";
import { noEventFile, openEventFile } from "./log/tensorboard/event_file.ts";
import { untimed, type Phase } from "./profile/phases.ts";
import { StepProfile } from "./profile/step_profile.ts";
import { KeptCheckpoints, type Judging, type KeepingConfig, type Ranked } from "./run/kept_checkpoints.ts";
import { expectRun } from "./run/run_folder.ts";
import { lockRun } from "./run/run_lock.ts";
import type { RunLength, StartOptions } from "./start_run.ts";
import { StepClock, type Lap } from "./step_clock.ts";

export interface RunOptions extends StartOptions {
  /** Number of steps to profile after a warm-up: writes a trace into the folder and reports a table. */
  readonly profile?: number | undefined;
}

export type Outcome = "finished" | "interrupted";

/** What the loop itself needs of a config. */
export interface LoopConfig extends DescentConfig, RateConfig {
  readonly seed: number;
  readonly optimizer: DescentConfig["optimizer"] & RateConfig["optimizer"];
  readonly checkpoint: KeepingConfig;
  readonly earlyStop: EarlyStopConfig | null;
  readonly log: { readonly everySteps: number; readonly tensorboard: boolean };
}

/** A batch, and enough to recreate it. */
export interface LoopBatch {
  readonly indices: readonly number[];
  readonly epoch: number;
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

/** A model in training, ready for its next step: all that the loop does not know of it. */
export interface Trainee<Batch extends LoopBatch, Score extends { readonly step: number }> {
  readonly config: LoopConfig;
  readonly parameters: Parameters;
  /** Type of the tape's activations. */
  readonly activation: FloatType;
  readonly batches: { readonly state: SamplerPosition; next(): Promise<Batch> };
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

/**
 * Locks a run's folder and checks that it is free for a new run, or holds the one to resume; then calls `body`.
 *
 * @throws UserError if the folder holds a run and `resume` is not set, or if another process is training in it
 */
export async function inRunFolder<T>(options: StartOptions, body: () => Promise<T>): Promise<T> {
  makeFolder(options.folder);
  const lock = lockRun(options.folder);
  try {
    expectRun(options.folder, options);
    return await body();
  } finally {
    lock.release();
  }
}

/**
 * Trains until the config's last step, with log, checkpoints and evaluations.
 *
 * @returns "finished", or "interrupted" if the signal stopped it; a resumed run then continues as if nothing had happened
 */
export async function trainingLoop<Batch extends LoopBatch, Score extends { readonly step: number }>(
  device: Device,
  trainee: Trainee<Batch, Score>,
  { folder, observer, signal, ...options }: RunOptions,
): Promise<Outcome> {
  const { config, parameters, batches, resumed } = trainee;
  const profile = options.profile === undefined ? undefined : new StepProfile(device, options.profile);
  const phase = profile?.phase ?? untimed;
  const { totalSteps, evaluateEvery } = trainee.length;
  const { accumulate } = config.batch;
  let step = resumed?.step ?? 0;

  const log = openLog(join(folder, LOG_FILE), { resumeAt: resumed && step });
  const events = config.log.tensorboard ? openEventFile(folder, { resumeAt: resumed && step }) : noEventFile;
  const write = (record: LogRecord): void => {
    log.append(record);
    events.append(record);
    observer.record(record);
  };
  const clock = new StepClock(device, resumed?.seconds ?? 0);
  const metrics = new RunMetrics(device, trainee.metricNames, config.log.everySteps * accumulate, resumed?.unlogged);
  const checkpoints = new KeptCheckpoints(folder, config.checkpoint, trainee.judging, resumed);
  let { patience = fullPatience } = resumed ?? {};
  const state = (): CheckpointState | LanguageModelState =>
    trainee.state({
      step,
      seconds: clock.seconds,
      sampler: batches.state,
      ...checkpoints.state,
      ...(config.earlyStop && { patience }),
      unlogged: metrics.unlogged,
    });
  const save = (moments: boolean) => (path: string) => saveCheckpoint(path, parameters, state(), { moments });

  /** Reads back the metrics of the latest batches and stops the run if it has diverged. */
  const collect = async (): Promise<void> => {
    const diverged = await metrics.collect();
    if (!diverged) return;
    const path = join(folder, "diverged.safetensors");
    await saveCheckpoint(path, parameters, state(), { moments: true, finite: false });
    throw await trainee.diverged(diverged, path);
  };

  const saveLast = async (): Promise<void> => {
    await collect();
    log.flush();
    await checkpoints.last(step, save(true));
  };

  /** Logs the means since the last step record. */
  const report = async (epoch: number, learningRate: number): Promise<void> => {
    await collect();
    const gpuBytes = device.pool.statistics.peakBytes;
    write(trainee.report(metrics.take(), { step, epoch, learningRate, gpuBytes, ...clock.lap() }));
  };

  const evaluateDev = async (epoch: number): Promise<void> => {
    await collect(); // so that NaN weights are not evaluated
    const { record, warnings, score, judged } = await trainee.evaluate(step, epoch);
    write(record);
    for (const message of warnings) write({ type: "warning", step, message });
    if (config.earlyStop) patience = afterEvaluation(patience, judged, config.earlyStop);
    await checkpoints.evaluated(score, save(false));
  };

  try {
    observer.begin(step, totalSteps);
    trainee.opening.forEach(write);
    for (const message of trainee.warnings)
      if (log.warned.has(message)) observer.record({ type: "warning", message });
      else write({ type: "warning", message });
    if (!resumed) await clock.pause(saveLast); // from here on the run can be resumed whatever happens

    // One optimiser step per iteration, with gradients accumulated over `accumulate` batches.
    let over = step >= totalSteps || isExhausted(patience, config.earlyStop);
    if (over && !checkpoints.state.best) await clock.pause(() => evaluateDev(batches.state.epoch)); // --force ended the run before its first evaluation
    while (!over && !signal.aborted) {
      profile?.beginStep(step + 1);
      const learningRate = learningRateAt(config, step, totalSteps);
      let epoch = 0;
      for (let part = 0; part < accumulate; part++) {
        const batch = await phase("batch", () => clock.waiting(batches.next()));
        epoch = batch.epoch;
        const update = part === accumulate - 1 ? { learningRate, step: step + 1 } : undefined;
        const tape = new Tape(device, {
          seed: config.seed,
          step: step * accumulate + part,
          activation: trainee.activation,
        });
        try {
          const values = trainee.encode(tape, batch, step, update, phase);
          const { indices } = batch;
          metrics.push(values, { step, part, epoch, indices, infeasible: trainee.infeasible(batch) });
        } finally {
          tape.end();
        }
        await phase("wait", () => clock.submitted(trainee.amount(batch)));
      }
      step++;
      const last = step === totalSteps;
      if (profile?.endStep(signal.aborted || last)) observer.message(await clock.pause(() => profile.write(folder)));
      if (step % evaluateEvery === 0 || last) await clock.pause(() => evaluateDev(epoch));
      over = last || isExhausted(patience, config.earlyStop);
      if (step % config.log.everySteps === 0 || over) await report(epoch, learningRate);
      if (step % config.checkpoint.everySteps === 0 || over) await clock.pause(saveLast);
    }
    if (signal.aborted) {
      await saveLast();
      metrics.release();
      write({ type: "end", reason: "interrupted" });
      return "interrupted";
    }
    metrics.release();
    const stoppedEarly = step < totalSteps;
    if (stoppedEarly)
      observer.message(`stopped early at step ${step} of ${totalSteps}: ${trainee.stopped(patience.evaluations)}`);
    await trainee.finish(checkpoints, write);
    write({ type: "end", reason: "finished", ...(stoppedEarly && { stoppedEarly: step }) });
    return "finished";
  } catch (error) {
    endLog(log, error);
    throw error;
  } finally {
    trainee.close();
    observer.end();
    log.close();
    events.close();
  }
}

/** Logs why a run failed, unless the log itself cannot be written. */
function endLog(log: Log, error: unknown): void {
  try {
    log.append({ type: "end", reason: (error as Error).message });
  } catch {
    /* the original error says so */
  }
}
