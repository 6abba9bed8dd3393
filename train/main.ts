import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { serialiseCmvn } from "../model/features/cmvn.ts";
import type { CheckpointState } from "../checkpoint/checkpoint.ts";
import { saveCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { chooseWeights } from "./choose_weights.ts";
import { watchCollapse } from "./health/collapse.ts";
import { plainConfig, type TrainConfig } from "../config/config.ts";
import type { Utterance } from "../data/dataset.ts";
import { evaluatedPaths, judgedDepth, trainedDepths } from "../config/depths.ts";
import { trainingPaths } from "./training_paths.ts";
import { countParameters } from "../model/parameter_counts.ts";
import { divergenceError } from "./health/divergence.ts";
import { afterEvaluation, fullPatience, isExhausted } from "./health/early_stop.ts";
import { ratesByDepth, evaluate, type DepthScore } from "../recognition/evaluation/evaluate.ts";
import { countInfeasible } from "../data/batches/batch.ts";
import { KeptCheckpoints } from "./run/kept_checkpoints.ts";
import { learningRateAt } from "./learning_rate.ts";
import { LOG_FILE, openLog, type Log, type LogRecord } from "./log/log.ts";
import { untimed } from "./profile/phases.ts";
import { StepProfile } from "./profile/step_profile.ts";
import { withAudioSpeed, StepClock } from "./step_clock.ts";
import { expectRun } from "./run/run_folder.ts";
import { makeFolder } from "../data/files/output_place.ts";
import { lockRun } from "./run/run_lock.ts";
import { RunMetrics } from "./log/run_metrics.ts";
import { noEventFile, openEventFile } from "./log/tensorboard/event_file.ts";
import { startRun, type StartOptions } from "./start_run.ts";
import { testAllSets } from "./test_sets.ts";
import { trainingStep, uploadBatch } from "./training_step.ts";

export interface RunOptions extends StartOptions {
  /** Number of steps to profile after a warm-up: writes a trace into the folder and reports a table. */
  readonly profile?: number | undefined;
}

/**
 * Trains a seed-unfold model: audio -> features -> encoder at two depths or more -> joint loss -> backward -> optimiser,
 * until the config's last step. Then it tests the best checkpoint at every depth and writes the report.
 *
 * @returns "finished", or "interrupted" if the signal stopped it; `resume` then continues as if nothing had happened.
 *   While audio is first being read, the signal stops the run at once and nothing is saved
 * @throws UserError also if the folder holds a run and `resume` is not set, or if another process is training in it
 */
export async function train(
  device: Device,
  config: TrainConfig,
  options: RunOptions,
): Promise<"finished" | "interrupted"> {
  makeFolder(options.folder);
  const lock = lockRun(options.folder);
  try {
    expectRun(options.folder, options);
    return await run(device, config, options);
  } finally {
    lock.release();
  }
}

async function run(device: Device, config: TrainConfig, options: RunOptions): Promise<"finished" | "interrupted"> {
  const { folder, observer, signal } = options;
  const profile = options.profile === undefined ? undefined : new StepProfile(device, options.profile);
  const phase = profile?.phase ?? untimed;
  const started = await startRun(device, config, options);
  if (!started) return "interrupted";
  // Its charts are of hundreds of files: loaded once nothing is wrong with the run, and not hours later.
  const { writeReport } = await import("./report/report.ts");
  const { data, built, activation, batches, resumed, huggingFace } = started;
  const { totalSteps, evaluateEvery } = started.length;
  const { train: set, dev, units } = data;
  const { model, parameters } = built;
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
  const depthNames = trainedDepths(config).map(({ depth }) => String(depth));
  const metrics = new RunMetrics(device, depthNames, config.log.everySteps * accumulate, resumed?.unlogged);
  const checkpoints = new KeptCheckpoints(folder, config.checkpoint, resumed);
  let { patience = fullPatience, silence = {}, metrics: logged = {} } = resumed ?? {};
  const state = (): CheckpointState => ({
    format: "unfold-checkpoint/1",
    config: plainConfig(config),
    units: units.toJSON(),
    cmvn: set.cmvn && (JSON.parse(serialiseCmvn(set.cmvn)) as unknown),
    step,
    seconds: clock.seconds,
    sampler: batches.state,
    ...checkpoints.state,
    ...(config.earlyStop && { patience }),
    silence,
    metrics: logged,
    unlogged: metrics.unlogged,
    trainingSet: data.digest,
    ...(huggingFace && { huggingFace }),
  });
  const save = (moments: boolean) => (path: string) => saveCheckpoint(path, parameters, state(), { moments });

  /** Reads back the metrics of the latest batches and stops the run if it has diverged. */
  const collect = async (): Promise<void> => {
    const diverged = await metrics.collect();
    if (!diverged) return;
    const path = join(folder, "diverged.safetensors");
    await saveCheckpoint(path, parameters, state(), { moments: true, finite: false });
    const { batch, indices } = await batches.prepare(diverged.origin);
    const suspect = { ...diverged.origin, batch, ids: indices.map((i) => (set.utterances[i] as Utterance).id) };
    throw await divergenceError(device, built, config, activation, diverged.row, suspect, path);
  };

  const saveLast = async (): Promise<void> => {
    await collect();
    log.flush();
    await checkpoints.last(step, save(true));
  };

  /** Logs the means since the last step record. */
  const report = async (epoch: number, learningRate: number): Promise<void> => {
    await collect();
    const means = metrics.takeMeans();
    write({
      type: "step",
      step,
      epoch,
      ...means,
      learningRate,
      gpuBytes: device.pool.statistics.peakBytes,
      skipped: set.skipped.length,
      ...withAudioSpeed(data.source.frontEnd, clock.lap()),
    });
    logged = { ...logged, train: { step, loss: means.loss, ctc: means.ctc } };
  };

  /**
   * Computes error rates and CTC loss on dev. The deepest trained depth decides which checkpoints are best and when to
   * stop early.
   */
  const evaluateDev = async (epoch: number): Promise<void> => {
    await collect(); // so that NaN weights are not evaluated
    const scores = await evaluate(device, model, dev.utterances, evaluatedPaths(config), units, {
      ...data.search,
      loss: true,
    });
    const rates = ratesByDepth(scores);
    const { wer, cer } = scores.find(({ depth }) => depth === judgedDepth(config)) as DepthScore;
    write({ type: "dev", step, epoch, ...rates });
    logged = { ...logged, dev: { step, ...rates } };
    const watched = watchCollapse(silence, scores, step, {
      ctc: config.loss.ctcWeight !== 0,
      decoder: config.eval.search !== "ctc",
    });
    silence = watched.silence;
    for (const message of watched.alarms) write({ type: "warning", step, message });
    if (config.earlyStop) patience = afterEvaluation(patience, wer, config.earlyStop);
    await checkpoints.evaluated({ wer, cer, step }, save(false));
  };

  try {
    observer.begin(step, totalSteps);
    write({
      type: "start",
      time: new Date().toISOString(),
      config: plainConfig(config),
      adapter: device.info.name,
      parameters: countParameters(built),
    });
    if (started.plan) write(started.plan);
    for (const message of started.warnings)
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
        const { batch, indices, ...next } = await phase("batch", () => clock.waiting(batches.next()));
        epoch = next.epoch;
        const update = part === accumulate - 1 ? { learningRate, step: step + 1 } : undefined;
        const tape = new Tape(device, { seed: config.seed, step: step * accumulate + part, activation });
        try {
          const values = trainingStep(
            tape,
            built,
            uploadBatch(tape, batch, model),
            trainingPaths(config, step),
            config,
            update,
            phase,
          );
          metrics.push(values, { step, part, epoch, indices, infeasible: countInfeasible(batch, model) });
        } finally {
          tape.end();
        }
        await phase("wait", () => clock.submitted(batch.lengths.reduce((sum, n) => sum + n, 0)));
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
      observer.message(
        `stopped early at step ${step} of ${totalSteps}: the dev WER has not improved for ${patience.evaluations} evaluations`,
      );

    // Test the best checkpoint, or the average of several, on every test set at every depth.
    await chooseWeights(device, config, built, data, checkpoints, observer, write, folder);
    observer.end();
    await testAllSets(device, config, built, data, observer, write, folder);
    write({ type: "end", reason: "finished", ...(stoppedEarly && { stoppedEarly: step }) });
    await writeReport(folder);
    return "finished";
  } catch (error) {
    endLog(log, error);
    throw error;
  } finally {
    data.close();
    built.parameters.release();
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
