import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import { Tape } from "../engine/tape.ts";
import { serialiseCmvn } from "../model/features/cmvn.ts";
import { buildModel } from "./build_model.ts";
import { loadCheckpoint, restoreParameters, saveCheckpoint, type CheckpointState } from "./checkpoint.ts";
import { plainConfig, type TrainConfig } from "./config.ts";
import { expectSameConfig, expectSameData } from "./config_difference.ts";
import { digestOf } from "./data/digest.ts";
import { loadTrainingData } from "./data/training_data.ts";
import { BucketSampler } from "./data/sampler.ts";
import { countParameters, evaluatedPaths, trainingPaths } from "./depths.ts";
import { evaluate } from "./evaluate.ts";
import { learningRateAt } from "./learning_rate.ts";
import { LOG_FILE, openLog, type Log, type LogRecord } from "./log.ts";
import { checkMemory } from "./memory_check.ts";
import { MetricsRing, meanOf, type MetricsRow } from "./metrics_ring.ts";
import { untimed } from "./profile/phases.ts";
import { StepProfile } from "./profile/step_profile.ts";
import { activationType } from "./precision.ts";
import { StepClock } from "./step_clock.ts";
import { makeFolder } from "./run_folder.ts";
import { testAllSets } from "./test_sets.ts";
import { writeReport } from "./report.ts";
import type { RunObserver } from "./run_observer.ts";
import { trainingBatch } from "./training_batches.ts";
import { trainingStep, uploadBatch } from "./training_step.ts";

export interface RunOptions {
  /** Where checkpoints, log and report go. */
  readonly folder: string;
  /** Go on from `last.safetensors` in the folder. */
  readonly resume: boolean;
  /** When aborted, the run saves what it has after the step at hand and ends. */
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
  /** Steps to profile after a warm-up: a trace in the folder, and a table as a message. */
  readonly profile?: number | undefined;
}

/**
 * Trains a seed-unfold Conformer: audio -> features -> encoder at two depths or more -> joint loss -> backward ->
 * optimiser, until the config's last step. Then it tests the best checkpoint at every depth and writes the report.
 *
 * @returns "finished", or "interrupted" when the signal stopped it; then `resume` goes on as if nothing had happened
 */
export async function train(device: Device, config: TrainConfig, options: RunOptions): Promise<"finished" | "interrupted"> {
  const { folder, observer, signal } = options;
  makeFolder(folder);
  const profile = options.profile === undefined ? undefined : new StepProfile(device, options.profile);
  const phase = profile?.phase ?? untimed;
  const lastPath = join(folder, "last.safetensors");
  const bestPath = join(folder, "best.safetensors");
  const divergedPath = join(folder, "diverged.safetensors");
  const resumed = options.resume ? loadCheckpoint(lastPath) : undefined;
  if (resumed) expectSameConfig(config, resumed);

  // Data: audio files to normalised log-mel features and labels, in memory.
  const data = await loadTrainingData(config, resumed, observer);
  const { train: set, dev, units } = data;
  const trainingSet = digestOf(set.utterances);
  if (resumed) expectSameData(trainingSet, resumed);

  // Memory of the largest batch: before anything is trained, and before the log of an earlier part is touched.
  const memory = checkMemory(device, config, units.size, set.utterances, observer.message);

  // Model: parameters in flat buffers, then those of the checkpoint.
  const { activation, warning } = activationType(device, config.precision);
  const built = buildModel(device, config, units.size, { optimizer: true, half: activation === "f16" });
  const { model, parameters, lossScale } = built;
  if (resumed) restoreParameters(resumed, parameters, { moments: true });
  const sampler = new BucketSampler(set.utterances.map(({ frames }) => frames), samplerConfig(config), config.seed, resumed?.state.sampler);
  let step = resumed?.state.step ?? 0;
  let best = resumed?.state.best ?? null;
  const { accumulate } = config.batch;
  const stepsPerEpoch = Math.ceil(sampler.batches(0).length / accumulate);
  const totalSteps = config.steps ?? stepsPerEpoch * (config.epochs as number);
  const evaluateEvery = config.eval.everySteps ?? stepsPerEpoch * (config.eval.everyEpochs as number);

  const log = openLog(join(folder, LOG_FILE), { resumeAt: resumed && step });
  const write = (record: LogRecord): void => {
    log.append(record);
    observer.record(record);
  };
  const clock = new StepClock(device, resumed?.state.seconds ?? 0);
  const state = (): CheckpointState => ({
    format: "unfold-checkpoint/1",
    config: plainConfig(config),
    units: units.toJSON(),
    cmvn: JSON.parse(serialiseCmvn(set.cmvn)) as unknown,
    step,
    seconds: clock.seconds,
    sampler: sampler.state,
    best,
    unlogged,
    trainingSet,
  });

  const depthNames = trainingPaths({ ...config, loss: { ...config.loss, middleDepths: 0 } }, 0).map(({ depth }) => String(depth));
  const ring = new MetricsRing(device, ["loss", "kl", "gradNorm", "lossScale", "skippedSteps", ...depthNames], config.log.everySteps * accumulate);
  const inRing: { step: number; ids: string }[] = [];
  let unlogged: MetricsRow[] = [...(resumed?.state.unlogged ?? [])];

  /** Brings the numbers of the last batches to the host and stops the run if it has diverged. */
  const collect = async (): Promise<void> => {
    const rows = (await ring.drain()).map(withoutSkipped);
    const bad = rows.findIndex((row) => Object.values(row).some((value) => !Number.isFinite(value)));
    if (bad >= 0) {
      await saveCheckpoint(divergedPath, parameters, state(), { moments: true });
      const { loss, gradNorm } = rows[bad] as MetricsRow;
      const { step: at, ids } = inRing[bad] as (typeof inRing)[number];
      throw new RunError(
        `${Number.isFinite(loss) ? `the gradient's norm became ${gradNorm}` : `the loss became ${loss}`} at step ${at}, in the batch of ${ids}; ` +
          `the weights as they are now are in ${divergedPath}, the last good checkpoint, if any, is untouched`,
      );
    }
    inRing.length = 0;
    unlogged.push(...rows);
  };

  const saveLast = async (): Promise<void> => {
    await collect();
    await saveCheckpoint(lastPath, parameters, state(), { moments: true });
  };

  /** Logs the means since the last such record. */
  const report = async (epoch: number, learningRate: number): Promise<void> => {
    await collect();
    write({
      type: "step",
      step,
      epoch,
      loss: meanOf(unlogged, "loss"),
      ctc: Object.fromEntries(depthNames.map((depth) => [depth, meanOf(unlogged, depth)])),
      kl: meanOf(unlogged, "kl"),
      learningRate,
      gradNorm: meanOf(unlogged, "gradNorm"),
      gpuBytes: device.pool.statistics.peakBytes,
      skipped: set.skipped.length,
      ...(lossScale && { lossScale: unlogged.at(-1)?.lossScale ?? 0, skippedSteps: unlogged.at(-1)?.skippedSteps ?? 0 }),
      ...clock.lap(),
    });
    unlogged = [];
  };

  const evaluateDev = async (epoch: number): Promise<void> => {
    await collect(); // so that weights which are no numbers are not tested
    const paths = evaluatedPaths(config);
    const scores = await evaluate(device, model, dev.utterances, paths, units, { beam: config.eval.beam });
    const byDepth = (value: (score: (typeof scores)[number]) => number) => Object.fromEntries(scores.map((score) => [String(score.depth), value(score)]));
    const wer = scores.at(-1)?.wer as number;
    write({ type: "dev", step, epoch, wer: byDepth((s) => s.wer), cer: byDepth((s) => s.cer), blankRatio: byDepth((s) => s.blankRatio) });
    if (best && best.wer <= wer) return;
    best = { wer, step };
    await saveCheckpoint(bestPath, parameters, state(), { moments: false });
  };

  try {
    observer.begin(step, totalSteps);
    write({ type: "start", time: new Date().toISOString(), config: plainConfig(config), adapter: device.info.name, parameters: countParameters(parameters) });
    if (memory.record) write(memory.record);
    for (const message of [...data.warnings, ...memory.warnings, ...(warning === undefined ? [] : [warning])]) write({ type: "warning", message });

    // The loop: one optimiser step a turn, of `accumulate` batches.
    while (step < totalSteps && !signal.aborted) {
      profile?.beginStep(step + 1);
      const learningRate = learningRateAt(config, step, totalSteps);
      let epoch = 0;
      for (let part = 0; part < accumulate; part++) {
        const sampled = sampler.next();
        epoch = sampled.epoch;
        const batch = phase("batch", () =>
          clock.preparing(() => trainingBatch(set.utterances, set.bins, sampled.indices, config.specAugment, config.seed, epoch)),
        );
        const update = part === accumulate - 1 ? { learningRate, step: step + 1 } : undefined;
        const tape = new Tape(device, { seed: config.seed, step: step * accumulate + part, activation });
        try {
          ring.push(trainingStep(tape, built, uploadBatch(tape, batch), trainingPaths(config, step), config, update, phase));
        } finally {
          tape.end();
        }
        inRing.push({ step: step + 1, ids: sampled.indices.map((i) => set.utterances[i]?.id).join(", ") });
        await phase("wait", () => clock.submitted(batch.lengths.reduce((sum, n) => sum + n, 0)));
      }
      step++;
      if (profile?.endStep(signal.aborted || step === totalSteps)) observer.message(await clock.pause(() => profile.write(folder)));
      if (step % config.log.everySteps === 0 || step === totalSteps) await report(epoch, learningRate);
      if (step % evaluateEvery === 0 || step === totalSteps) await clock.pause(() => evaluateDev(epoch));
      if (step % config.checkpoint.everySteps === 0 || step === totalSteps) await clock.pause(saveLast);
    }
    if (signal.aborted) {
      await saveLast();
      write({ type: "end", reason: "interrupted" });
      return "interrupted";
    }

    // The best checkpoint on the test sets, at every depth.
    ring.release();
    restoreParameters(loadCheckpoint(bestPath), parameters, { moments: false });
    observer.end();
    await testAllSets(device, config, { model, parameters }, data, observer, write, folder);
    write({ type: "end", reason: "finished" });
    writeReport(folder);
    return "finished";
  } catch (error) {
    endLog(log, error);
    throw error;
  } finally {
    observer.end();
    log.close();
  }
}

/** Without the norm of a gradient that overflowed: the step was skipped, and the next has a smaller loss scale. At 1 there is none. */
function withoutSkipped({ gradNorm, ...row }: MetricsRow): MetricsRow {
  const skipped = gradNorm === undefined || (!Number.isFinite(gradNorm) && (row.lossScale ?? 1) > 1);
  return skipped ? row : { ...row, gradNorm };
}

/** Writes how a run failed, unless it is the log that cannot be written. */
function endLog(log: Log, error: unknown): void {
  try {
    log.append({ type: "end", reason: (error as Error).message });
  } catch { /* the error at hand says so */ }
}

const samplerConfig = ({ batch }: TrainConfig) => ({
  buckets: batch.buckets,
  ...(batch.size !== null && { batchSize: batch.size }),
  ...(batch.frames !== null && { batchFrames: batch.frames }),
});

