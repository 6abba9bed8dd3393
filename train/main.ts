import type { Device } from "../engine/device.ts";
import { serialiseCmvn } from "../model/features/cmvn.ts";
import type { CheckpointState } from "../checkpoint/checkpoint.ts";
import { chooseWeights } from "./choose_weights.ts";
import { watchCollapse } from "./health/collapse.ts";
import { plainConfig, type TrainConfig } from "../config/config.ts";
import type { Utterance } from "../data/dataset.ts";
import { evaluatedPaths, judgedDepth, trainedDepths } from "../config/depths.ts";
import { countParameters } from "../model/parameter_counts.ts";
import { divergenceError } from "./health/divergence.ts";
import { ratesByDepth, evaluate, type DepthScore } from "../recognition/evaluation/evaluate.ts";
import type { TrainingBatch } from "../data/batches/training_batches.ts";
import type { Scored } from "../checkpoint/state.ts";
import { meansOf, metricNames } from "./log/run_metrics.ts";
import { onAnyRank } from "./parallel/agreement.ts";
import { alone } from "./parallel/communicator.ts";
import { joinRanks } from "./parallel/join.ts";
import { byErrorRate } from "./run/kept_checkpoints.ts";
import { withAudioSpeed } from "./step_clock.ts";
import { recogniserSteps } from "./recogniser_steps.ts";
import { startRun, type StartedRun } from "./start_run.ts";
import { testAllSets } from "./test_sets.ts";
import type { Trainee } from "./trainee.ts";
import { inRunFolder, trainingLoop, type Outcome, type RunOptions } from "./training_loop.ts";

export type { RunOptions } from "./training_loop.ts";

/**
 * Trains a seed-unfold model: audio -> features -> encoder at two depths or more -> joint loss -> backward -> optimiser,
 * until the config's last step. Then it tests the best checkpoint at every depth and writes the report.
 *
 * @returns "finished", or "interrupted" if the signal stopped it; `resume` then continues as if nothing had happened.
 *   While audio is first being read, the signal stops the run at once and nothing is saved
 * @throws UserError also if the folder holds a run and `resume` is not set, or if another process is training in it
 */
export const train = (device: Device, config: TrainConfig, options: RunOptions): Promise<Outcome> =>
  inRunFolder(options, config, async () => {
    const ranks = options.ranks ?? alone;
    const started = await startRun(device, config, options);
    if ((await onAnyRank(ranks, !started)) || !started) return "interrupted";
    const { data, built } = started;
    const warnings = await joinRanks(device, ranks, {
      config: plainConfig(started.config),
      data: data.digest,
      parameters: built.parameters,
    });
    // Its charts are of hundreds of files: loaded once nothing is wrong with the run, and not hours later.
    const { writeReport } = await import("./report/report.ts");
    const warned = { ...started, warnings: [...started.warnings, ...warnings] };
    const outcome = await trainingLoop(device, recogniserInTraining(device, warned, options), options);
    if (outcome === "finished" && ranks.rank === 0) await writeReport(options.folder);
    return outcome;
  });

/** A recogniser, as the loop trains it. */
function recogniserInTraining(
  device: Device,
  { config, data, built, activation, batches, resumed, huggingFace, ...started }: StartedRun,
  { folder, observer }: RunOptions,
): Trainee<TrainingBatch, Scored> {
  const { train: set, dev, units } = data;
  const { model, parameters } = built;
  const depthNames = trainedDepths(config).map(({ depth }) => String(depth));
  let { silence = {}, metrics: logged = {} } = resumed ?? {};
  return {
    ...recogniserSteps({ config, built, activation, batches }),
    config,
    parameters,
    lossScale: built.lossScale,
    length: started.length,
    metricNames: metricNames(depthNames),
    judging: byErrorRate,
    resumed,
    opening: [
      {
        type: "start",
        time: new Date().toISOString(),
        config: plainConfig(config),
        adapter: device.info.name,
        parameters: countParameters(built),
      },
      ...(started.plan ? [started.plan] : []),
    ],
    warnings: started.warnings,
    state: (loop): CheckpointState => ({
      format: "unfold-checkpoint/1",
      config: plainConfig(config),
      units: units.toJSON(),
      cmvn: set.cmvn && (JSON.parse(serialiseCmvn(set.cmvn)) as unknown),
      ...loop,
      silence,
      metrics: logged,
      trainingSet: data.digest,
      ...(huggingFace && { huggingFace }),
    }),
    report(rows, { step, epoch, learningRate, gpuBytes, ...lap }) {
      const means = meansOf(rows, depthNames);
      logged = { ...logged, train: { step, loss: means.loss, ctc: means.ctc } };
      return {
        type: "step",
        step,
        epoch,
        ...means,
        learningRate,
        gpuBytes,
        skipped: set.skipped.length,
        ...withAudioSpeed(data.source.frontEnd, lap),
      };
    },
    /**
     * Computes error rates and CTC loss on dev. The deepest trained depth decides which checkpoints are best and when to
     * stop early.
     */
    async evaluate(step, epoch) {
      const scores = await evaluate(device, model, dev.utterances, evaluatedPaths(config), units, {
        ...data.search,
        loss: true,
      });
      const rates = ratesByDepth(scores);
      const { wer, cer } = scores.find(({ depth }) => depth === judgedDepth(config)) as DepthScore;
      logged = { ...logged, dev: { step, ...rates } };
      const watched = watchCollapse(silence, scores, step, {
        ctc: config.loss.ctcWeight !== 0,
        decoder: config.eval.search !== "ctc",
      });
      silence = watched.silence;
      return {
        record: { type: "dev", step, epoch, ...rates },
        warnings: watched.alarms,
        score: { wer, cer, step },
        judged: wer,
      };
    },
    async diverged({ origin, row }, saved) {
      const { batch, indices } = await batches.prepare(origin);
      const suspect = { ...origin, batch, ids: indices.map((i) => (set.utterances[i] as Utterance).id) };
      return divergenceError(device, built, config, activation, row, suspect, saved);
    },
    stopped: (evaluations) => `the dev WER has not improved for ${evaluations} evaluations`,
    /** Tests the best checkpoint, or the average of several, on every test set at every depth. */
    async finish(checkpoints, write) {
      await chooseWeights(device, config, built, data, checkpoints, observer, write, folder);
      observer.end();
      await testAllSets(device, config, built, data, observer, write, folder);
    },
    close() {
      data.close();
      parameters.release();
    },
  };
}
