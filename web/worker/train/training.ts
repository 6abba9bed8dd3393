import type { Device } from "../../../engine/device.ts";
import { RunError, UserError } from "../../../engine/errors.ts";
import { activationType } from "../../../engine/precision.ts";
import { serialiseCmvn, applyCmvn, type Cmvn } from "../../../model/features/cmvn.ts";
import type { FrontEnd } from "../../../model/features/front_end.ts";
import { countParameters } from "../../../model/parameter_counts.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { unitsFromJSON } from "../../../model/units/restore.ts";
import type { Units } from "../../../model/units/units.ts";
import { plainConfig, restoreConfig, type TrainConfig } from "../../../config/config.ts";
import { evaluatedPaths, scheduleOf, trainedDepths } from "../../../config/depths.ts";
import { buildFrontEnd, restoreCmvn } from "../../../config/front_end.ts";
import { modelFrames } from "../../../config/model_config.ts";
import { batchLimits, BucketSampler } from "../../../data/batches/sampler.ts";
import { TrainingBatches } from "../../../data/batches/training_batches.ts";
import { buildModel } from "../../../checkpoint/build_model.ts";
import { checkpointBytes, restoreParameters, type Checkpoint } from "../../../checkpoint/checkpoint.ts";
import type { CheckpointState } from "../../../checkpoint/state.ts";
import { evaluate } from "../../../recognition/evaluation/evaluate.ts";
import { hypothesisText, recognise } from "../../../recognition/recognise.ts";
import { learningRateAt } from "../../../train/learning_rate.ts";
import { metricNames, RunMetrics } from "../../../train/log/run_metrics.ts";
import { untimed } from "../../../train/profile/phases.ts";
import { recogniserSteps, type Stepped } from "../../../train/recogniser_steps.ts";
import { lengthOf } from "../../../train/run_length.ts";
import { StepClock } from "../../../train/step_clock.ts";
import { stepsAlone } from "../../../train/steps.ts";
import type { Judgement, SpokenStrings, StepLosses, TrainingReport, TrainingSettings } from "./protocol.ts";
import { spokenDigest, spokenSet, type SpokenUtterance } from "./spoken_set.ts";

/** Steps between two readings of their losses, at most. */
const MOST_STEPS = 32;

const NEVER = new AbortController().signal;

/** Where a training begins: at a config, with weights drawn from its seed, or at a checkpoint with its optimiser's state. */
export type Origin =
  | { readonly config: unknown }
  /** `isGrown`: the strings are those of this checkpoint and more, which is no surprise. */
  | { readonly checkpoint: Checkpoint; readonly isGrown?: boolean };

/** Everything of a training that does not change. */
interface Fixed {
  readonly device: Device;
  readonly strings: { readonly train: readonly SpokenUtterance[]; readonly dev: readonly SpokenUtterance[] };
  readonly units: Units;
  readonly cmvn: Cmvn | null;
  readonly frontEnd: FrontEnd;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly remarks: readonly string[];
}

/** A recogniser in training, in memory alone: the same steps in the same order as a run in a folder. */
export class Training {
  readonly #fixed: Fixed;
  readonly #stepped: Stepped;
  readonly #metrics: RunMetrics;
  readonly #depths: readonly string[];
  /** Of the last checkpoint: what this training does not change of it stays. */
  #state: CheckpointState;

  private constructor(fixed: Fixed, stepped: Stepped, state: CheckpointState) {
    this.#fixed = fixed;
    this.#stepped = stepped;
    this.#state = state;
    this.#depths = trainedDepths(stepped.config).map(({ depth }) => String(depth));
    this.#metrics = new RunMetrics(fixed.device, metricNames(this.#depths), MOST_STEPS, state.unlogged);
  }

  /** @throws UserError in one sentence for a checkpoint that the page cannot train further */
  static async open(device: Device, { train, dev }: SpokenStrings, origin: Origin): Promise<Training> {
    const checkpoint = "checkpoint" in origin ? origin.checkpoint : undefined;
    const path = checkpoint?.path ?? "the page's config";
    const config = trainableConfig("config" in origin ? origin.config : origin.checkpoint.state.config, path);
    const units = checkpoint
      ? unitsFromJSON(checkpoint.state.units, path)
      : CharacterUnits.fromTexts(train.map(({ text }) => text));
    const frontEnd = buildFrontEnd(config);
    const { outputFrames } = modelFrames(config);
    const set = spokenSet(train, {
      frontEnd,
      units,
      outputFrames,
      cmvn: checkpoint ? restoreCmvn(checkpoint.state.cmvn, config, path) : null,
    });
    const { cmvn } = set;
    const kept = spokenSet(dev, { frontEnd, units: null, outputFrames, cmvn });

    const { activation, warning } = activationType(device, config.precision);
    const built = buildModel(device, config, units.size, {
      optimizer: true,
      half: activation === "f16",
      blank: units.blank,
      restored: checkpoint !== undefined,
    });
    if (checkpoint) restoreParameters(checkpoint, built.parameters, { moments: true });

    const digest = await spokenDigest(set.utterances);
    const state = checkpoint?.state ?? newState(config, units, cmvn, digest);
    const known = state.trainingSet === digest;
    const lengths = set.utterances.map(({ frames }) => frames);
    const sampler = new BucketSampler(lengths, batchLimits(config.batch), config.seed, {
      ...state.sampler,
      ...(!known && { batch: 0 }),
    });
    const items = { ...set, item: (index: number) => Promise.resolve(set.utterances[index] as SpokenUtterance) };
    const batches = new TrainingBatches(items, sampler, config, built.model);
    const isExpected = known || ("checkpoint" in origin && origin.isGrown === true);
    const remarks = [
      ...(warning === undefined ? [] : [warning]),
      ...(config.augment ? ["its config's augmentation is left out in this page"] : []),
      ...(config.loss.depthWeights ? ["its config sets loss.depth_weights, so the seed's weight has no effect"] : []),
      ...(isExpected ? [] : ["it was trained on other strings before"]),
    ];
    const batchesPerEpoch = sampler.batches(0).length;
    const { totalSteps } = lengthOf(config, batchesPerEpoch);
    const stepsPerEpoch = Math.ceil(batchesPerEpoch / config.batch.accumulate);
    const own = { train: set.utterances, dev: kept.utterances };
    return new Training(
      { device, strings: own, units, cmvn, frontEnd, totalSteps, stepsPerEpoch, remarks },
      { config, built, activation, batches },
      known ? state : { ...state, trainingSet: digest },
    );
  }

  get device(): Device {
    return this.#fixed.device;
  }

  report(): TrainingReport {
    const { config, built } = this.#stepped;
    const { strings, stepsPerEpoch, remarks } = this.#fixed;
    return {
      settings: {
        learningRate: config.optimizer.learningRate,
        seedWeight: config.loss.seedWeight,
        klWeight: config.loss.klWeight,
      },
      trained: this.#depths.map(Number).sort((a, b) => a - b),
      judged: config.unfold.depths,
      parameters: countParameters(built).whole,
      strings: strings.train.length,
      keptBack: strings.dev.length,
      stepsPerEpoch,
      step: this.#state.step,
      remarks,
    };
  }

  /**
   * Takes steps until so many are done or so much time has passed, at least one.
   *
   * @throws RunError if a loss or gradient is no longer finite: the weights are then spoilt
   */
  async steps(most: number, milliseconds: number, settings: TrainingSettings): Promise<StepLosses[]> {
    this.#set(settings);
    const { device, totalSteps } = this.#fixed;
    const { config } = this.#stepped;
    const first = this.#state.step;
    const clock = new StepClock(device, this.#state.seconds);
    const steps = stepsAlone({
      device,
      trainee: recogniserSteps(this.#stepped),
      clock,
      metrics: this.#metrics,
      phase: untimed,
      signal: NEVER,
    });
    const until = performance.now() + milliseconds;
    let step = first;
    do {
      await steps.next(step, learningRateAt(config, step, totalSteps));
      step++;
    } while (step - first < Math.min(most, capacityOf(config)) && performance.now() < until);
    const diverged = await this.#metrics.collect();
    if (diverged) throw new RunError(`the loss of step ${diverged.origin.step + 1} is no longer a number`);
    const { unlogged: _, ...state } = this.#state;
    this.#state = { ...state, step, seconds: clock.seconds, sampler: this.#stepped.batches.state };
    const rows = this.#metrics.take().slice(-(step - first));
    const depths = this.#depths.toSorted((a, b) => Number(a) - Number(b));
    return rows.map((row, i) => ({
      step: first + 1 + i,
      loss: row["loss"] as number,
      ctc: depths.map((depth) => row[depth] as number),
    }));
  }

  /** Word errors on the strings kept back, and what the model makes of a recording at its own rate. */
  async judge(waveform: Float32Array | undefined): Promise<Judgement> {
    const { device, strings, units } = this.#fixed;
    const { config, built } = this.#stepped;
    const scores = await evaluate(device, built.model, strings.dev, evaluatedPaths(config), units);
    const heard = waveform && (await this.#hear(waveform));
    return { step: this.#state.step, wer: scores.map(({ wer }) => wer), heard };
  }

  /** A checkpoint that the command line reads: weights, the optimiser's moments, config, units, normalisation, position. */
  save(): Promise<Uint8Array> {
    const state = { ...this.#state, config: plainConfig(this.#stepped.config) };
    return checkpointBytes(this.#stepped.built.parameters, state, { moments: true });
  }

  release(): void {
    this.#metrics.release();
    this.#stepped.built.parameters.release();
  }

  async #hear(waveform: Float32Array): Promise<Judgement["heard"]> {
    const { device, cmvn, frontEnd, units } = this.#fixed;
    const { config, built } = this.#stepped;
    const features = frontEnd.compute(waveform);
    if (features.frames < built.model.minInputFrames) return undefined;
    const { values } = cmvn ? applyCmvn(cmvn, features) : features;
    const [deepest, seed] = [this.#depths[0], this.#depths.at(-1)].map(Number) as [number, number];
    const results = await recognise(
      device,
      built.model,
      [{ features: values, frames: features.frames, labels: new Int32Array() }],
      [scheduleOf(config, seed), scheduleOf(config, deepest)],
    );
    const [first = "", last = ""] = results.map(({ hypotheses }) => hypothesisText(hypotheses[0]?.labels ?? [], units));
    return [first, last];
  }

  #set({ learningRate, seedWeight, klWeight }: TrainingSettings): void {
    const { config } = this.#stepped;
    this.#stepped.config = {
      ...config,
      optimizer: { ...config.optimizer, learningRate },
      loss: { ...config.loss, seedWeight, klWeight },
    };
  }
}

/** The config of a model that the page can train. Throws UserError for others. */
export function trainableConfig(plain: unknown, path: string): TrainConfig {
  const config = restoreConfig(plain, path);
  if (config.model.kind !== "conformer")
    throw new UserError(`${path} is a ${config.model.kind}, and this page trains Conformers on log-mel features`);
  return config;
}

/** Steps whose losses fit between two readings. */
const capacityOf = ({ batch: { accumulate } }: TrainConfig): number => Math.max(1, Math.floor(MOST_STEPS / accumulate));

const newState = (config: TrainConfig, units: Units, cmvn: Cmvn | null, trainingSet: string): CheckpointState => ({
  format: "unfold-checkpoint/1",
  config: plainConfig(config),
  units: units.toJSON(),
  cmvn: cmvn && (JSON.parse(serialiseCmvn(cmvn)) as unknown),
  step: 0,
  seconds: 0,
  sampler: { epoch: 0, batch: 0 },
  best: null,
  trainingSet,
});
