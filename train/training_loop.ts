import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import type { CheckpointState } from "../checkpoint/checkpoint.ts";
import { saveCheckpoint } from "../checkpoint/checkpoint_file.ts";
import type { LanguageModelState } from "../checkpoint/language/state.ts";
import { makeFolder } from "../data/files/output_place.ts";
import { afterEvaluation, fullPatience, isExhausted } from "./health/early_stop.ts";
import { learningRateAt } from "./learning_rate.ts";
import { LOG_FILE, noLog, openLog, type Log, type LogRecord } from "./log/log.ts";
import { RunMetrics } from "./log/run_metrics.ts";
import { noEventFile, openEventFile } from "./log/tensorboard/event_file.ts";
import { alone, type Communicator } from "./parallel/communicator.ts";
import { stepsTogether } from "./parallel/steps_together.ts";
import { byRootAlone } from "./parallel/uneven.ts";
import { expectSameWeights } from "./parallel/weights.ts";
import { untimed } from "./profile/phases.ts";
import { StepProfile } from "./profile/step_profile.ts";
import { KeptCheckpoints } from "./run/kept_checkpoints.ts";
import { expectRun } from "./run/run_folder.ts";
import { lockRun } from "./run/run_lock.ts";
import type { StartOptions } from "./start_run.ts";
import { StepClock } from "./step_clock.ts";
import { stepsAlone } from "./steps.ts";
import type { LoopBatch, LoopConfig, Trainee } from "./trainee.ts";

export interface RunOptions extends StartOptions {
  /** Number of steps to profile after a warm-up: writes a trace into the folder and reports a table. */
  readonly profile?: number | undefined;
}

export type Outcome = "finished" | "interrupted";

/**
 * Locks a run's folder and checks that it is free for a new run, or holds the one to resume; then calls `body`.
 *
 * @throws UserError if the folder holds a run and `resume` is not set, or if another process is training in it
 */
export async function inRunFolder<T>(
  options: StartOptions,
  { parallel }: Pick<LoopConfig, "parallel">,
  body: () => Promise<T>,
): Promise<T> {
  if (options.ranks) options.ranks.patience = parallel.timeoutS;
  if ((options.ranks ?? alone).rank > 0) return body(); // rank 0 has locked it for all
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
  const ranks: Communicator = options.ranks ?? alone;
  const isRoot = ranks.rank === 0; // the others write nothing
  const profile = options.profile === undefined || !isRoot ? undefined : new StepProfile(device, options.profile);
  const phase = profile?.phase ?? untimed;
  const { totalSteps, evaluateEvery } = trainee.length;
  const { accumulate } = config.batch;
  let step = resumed?.step ?? 0;

  const resumeAt = resumed && step;
  const log = isRoot ? openLog(join(folder, LOG_FILE), { resumeAt }) : noLog;
  const events = config.log.tensorboard && isRoot ? openEventFile(folder, { resumeAt }) : noEventFile;
  const write = (record: LogRecord): void => {
    log.append(record);
    events.append(record);
    observer.record(record);
  };
  const clock = new StepClock(device, resumed?.seconds ?? 0, ranks.size);
  const metrics = new RunMetrics(device, trainee.metricNames, config.log.everySteps * accumulate, resumed?.unlogged);
  const checkpoints = new KeptCheckpoints(folder, config.checkpoint, trainee.judging, isRoot ? resumed : undefined);
  const context = { device, trainee, clock, metrics, phase, signal };
  const steps = options.ranks && ranks.size > 1 ? stepsTogether(context, options.ranks) : stepsAlone(context);
  let { patience = fullPatience } = resumed ?? {};
  let isPatient = !isExhausted(patience, config.earlyStop);
  const state = (): CheckpointState | LanguageModelState =>
    trainee.state({
      step,
      seconds: clock.seconds,
      sampler: batches.state,
      ...checkpoints.state,
      ...(ranks.size > 1 && { ranks: ranks.size }),
      ...(config.earlyStop && { patience }),
      unlogged: metrics.unlogged,
    });
  const save = (moments: boolean) => (path: string) => saveCheckpoint(path, parameters, state(), { moments });

  /** Reads back the metrics of the latest batches and stops the run if it has diverged. */
  const collect = async (): Promise<void> => {
    const diverged = await metrics.collect();
    if (!diverged) return;
    await byRootAlone(ranks, async () => {
      const path = join(folder, "diverged.safetensors");
      await saveCheckpoint(path, parameters, state(), { moments: true, finite: false });
      throw await trainee.diverged(diverged, path);
    });
  };

  const saveLast = async (): Promise<void> => {
    await collect();
    log.flush();
    if (isRoot) await checkpoints.last(step, save(true));
    await ranks.barrier(); // so that waiting for it counts as this pause, and not as a slow step
  };

  /** Logs the means since the last step record. */
  const report = async (epoch: number, learningRate: number): Promise<void> => {
    await collect();
    const gpuBytes = device.pool.statistics.peakBytes;
    await ranks.allReduce(clock.inExchange);
    write(trainee.report(metrics.take(), { step, epoch, learningRate, gpuBytes, ...clock.lap() }));
  };

  const evaluateDev = async (epoch: number): Promise<void> => {
    await collect(); // so that NaN weights are not evaluated
    await byRootAlone(ranks, async () => {
      const { record, warnings, score, judged } = await trainee.evaluate(step, epoch);
      write(record);
      for (const message of warnings) write({ type: "warning", step, message });
      if (config.earlyStop) patience = afterEvaluation(patience, judged, config.earlyStop);
      await checkpoints.evaluated(score, save(false));
      return Number(isExhausted(patience, config.earlyStop));
    }).then((exhausted) => (isPatient = exhausted === 0));
  };

  try {
    observer.begin(step, totalSteps);
    trainee.opening.forEach(write);
    for (const message of trainee.warnings)
      if (log.warned.has(message)) observer.record({ type: "warning", message });
      else write({ type: "warning", message });
    if (!resumed) await clock.pause(saveLast); // from here on the run can be resumed whatever happens

    // One optimiser step per iteration, with gradients accumulated over `accumulate` batches.
    let over = step >= totalSteps || !isPatient;
    if (over && !resumed?.best) await clock.pause(() => evaluateDev(batches.state.epoch)); // --force ended the run before its first evaluation
    while (!over && !steps.stopping) {
      profile?.beginStep(step + 1);
      const learningRate = learningRateAt(config, step, totalSteps);
      const epoch = await steps.next(step, learningRate);
      step++;
      const last = step === totalSteps;
      if (profile?.endStep(steps.stopping || last)) observer.message(await clock.pause(() => profile.write(folder)));
      if (step % evaluateEvery === 0 || last) await clock.pause(() => evaluateDev(epoch));
      over = last || !isPatient;
      if (ranks.size > 1 && (step % config.parallel.checkEverySteps === 0 || over))
        await clock.pause(() => expectSameWeights(parameters, ranks, step));
      if (step % config.log.everySteps === 0 || over) await report(epoch, learningRate);
      if (step % config.checkpoint.everySteps === 0 || over) await clock.pause(saveLast);
    }
    if (steps.stopping) {
      await saveLast();
      metrics.release();
      write({ type: "end", reason: "interrupted" });
      return "interrupted";
    }
    metrics.release();
    const stoppedEarly = step < totalSteps;
    if (stoppedEarly)
      observer.message(`stopped early at step ${step} of ${totalSteps}: ${trainee.stopped(patience.evaluations)}`);
    await byRootAlone(ranks, async () => {
      await trainee.finish(checkpoints, write);
      return 0;
    });
    write({ type: "end", reason: "finished", ...(stoppedEarly && { stoppedEarly: step }) });
    return "finished";
  } catch (error) {
    endLog(log, error);
    throw error;
  } finally {
    steps.release();
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
