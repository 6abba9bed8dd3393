import type { AdapterDescription } from "../../engine/adapter.ts";
import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { Tape } from "../../engine/tape.ts";
import type { FloatType } from "../../engine/tensor.ts";
import { buildModel, type BuiltModel } from "../../checkpoint/build_model.ts";
import type { TrainConfig } from "../../config/config.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { applicationsOf, trainingPaths, type TrainingPath } from "../../train/training_paths.ts";
import { countParameters } from "../../model/parameter_counts.ts";
import { kernelShares, type KernelShare } from "../../train/profile/kernel_shares.ts";
import { activationType } from "../../engine/precision.ts";
import { trainingStep } from "../../train/training_step.ts";
import { randomBatch, type RandomBatch } from "./batch.ts";
import { stepConfigurations, trainConfigOf, type StepConfiguration } from "./configurations.ts";
import { defaultStepBudget, timeSteps, type StepBudget, type StepTiming } from "./time.ts";

export interface StepBenchOptions {
  /** Opens a new device for each configuration, so that none inherits pipelines, buffers or errors from the one before. */
  readonly open: () => Promise<Device>;
  /** Only configurations whose name contains this, ignoring case; even those that are too slow for a software driver. */
  readonly filter?: string | undefined;
  readonly budget?: StepBudget | undefined;
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
  /** Configurations to use instead of the built-in ones. */
  readonly configurations?: readonly StepConfiguration[];
}

/** Called before each path with `phase`, and after it with `path`. */
export interface StepProgress {
  /** Paths finished and in all, over all configurations. */
  readonly done: number;
  readonly total: number;
  /** "tiny: depth 2" */
  readonly label: string;
  readonly phase?: "measuring";
  readonly path?: PathResult | FailedPath;
}

/** Plain values that JSON can hold. */
export interface StepReport {
  readonly adapter: AdapterDescription;
  readonly results: readonly StepResult[];
}

/** One configuration. */
export interface StepResult {
  readonly configuration: string;
  /** Type of the activations in effect: f32 even for an f16 configuration if the device's shaders lack f16. */
  readonly precision: FloatType;
  readonly blocks: number;
  readonly dim: number;
  /** Trained values. */
  readonly parameters: number;
  readonly encoderParameters: number;
  readonly batch: {
    readonly size: number;
    readonly seconds: number;
    readonly frames: number;
    readonly bins: number;
    readonly labels: number;
    readonly vocabulary: number;
  };
  /** Each depth alone, shallowest first; last the joint step as trained, if it has more than one path. */
  readonly paths: readonly (PathResult | FailedPath)[];
}

/** What a step along some paths costs. */
export interface PathResult {
  readonly status: "timed";
  /** "depth 4", or "joint 6+2+4": the deep path, the seed, middle depths. */
  readonly path: string;
  readonly depths: readonly number[];
  /** Block applications, counting those that several paths share once. */
  readonly applications: number;
  /** Time of whole steps: forward, joint loss, backward, gradient clipping and AdamW, from features already on the device. */
  readonly timing: StepTiming;
  /** The first step along these paths. The first one on the device compiles all pipelines. */
  readonly firstMs: number;
  /** Feature frames trained on per second: batch size · frames / median. */
  readonly framesPerSecond: number;
  /** Counted by the recorder over one step. */
  readonly dispatches: number;
  readonly passes: number;
  readonly submits: number;
  /** The most bytes of the pool in use at once during one step, parameters and optimiser state included. */
  readonly peakBytes: number;
  /**
   * From the device's timestamps over one more step, each dispatch in a pass of its own; null if the adapter has no
   * timestamps.
   */
  readonly kernels: readonly KernelShare[] | null;
}

export interface FailedPath {
  readonly status: "failed";
  readonly path: string;
  readonly depths: readonly number[];
  readonly problem: string;
}

/**
 * Times whole training steps of each selected configuration, depth by depth and as trained. Never throws for a single
 * one: a failure, such as lack of memory, is in its result. Throws UserError when nothing is selected.
 */
export async function benchStep({
  open,
  filter,
  budget = defaultStepBudget,
  onProgress = () => undefined,
  configurations = stepConfigurations,
}: StepBenchOptions): Promise<StepReport> {
  const first = await open();
  const { info: adapter, isSoftware } = first;
  first.close();
  const selected = configurations.filter(({ name, onSoftware }) =>
    filter === undefined ? onSoftware || !isSoftware : name.toLowerCase().includes(filter.toLowerCase()),
  );
  if (selected.length === 0)
    throw new UserError(
      `--filter: no configuration's name contains '${filter}'; there are ${configurations.map(({ name }) => name).join(", ")}`,
    );

  const jobs = selected.map((configuration) => ({ configuration, config: trainConfigOf(configuration) }));
  const total = jobs.reduce((sum, { config }) => sum + pathsOf(config).length, 0);
  let done = 0;
  const results: StepResult[] = [];
  for (const { configuration, config } of jobs) {
    const watch = (path: string): ((result: PathResult | FailedPath) => void) => {
      const label = `${configuration.name}: ${path}`;
      onProgress({ done, total, label, phase: "measuring" });
      return (result) => onProgress({ done: ++done, total, label, path: result });
    };
    const device = await open();
    try {
      results.push(await benchConfiguration(device, configuration, config, budget, watch));
    } finally {
      device.close();
    }
  }
  return { adapter, results };
}

interface NamedPaths {
  readonly name: string;
  readonly paths: readonly TrainingPath[];
}

/** Each depth alone, then the paths of a joint step; middle depths are those of the first step. */
function pathsOf(config: TrainConfig): NamedPaths[] {
  const joint = trainingPaths(config, 0);
  const alone = evaluatedPaths(config).map((path) => ({ name: `depth ${path.depth}`, paths: [path] }));
  return joint.length === 1
    ? alone
    : [...alone, { name: `joint ${joint.map(({ depth }) => depth).join("+")}`, paths: joint }];
}

async function benchConfiguration(
  device: Device,
  configuration: StepConfiguration,
  config: TrainConfig,
  budget: StepBudget,
  watch: (path: string) => (result: PathResult | FailedPath) => void,
): Promise<StepResult> {
  const { activation } = activationType(device, config.precision);
  const built = buildModel(device, config, configuration.vocabulary, {
    optimizer: true,
    half: activation === "f16",
    blank: 0,
  });
  const batch = randomBatch(device, configuration, config);
  const counts = countParameters(built);
  const paths: (PathResult | FailedPath)[] = [];
  for (const { name, paths: members } of pathsOf(config)) {
    const finished = watch(name);
    const result = await benchPaths(device, built, batch, name, members, config, budget);
    finished(result);
    paths.push(result);
  }
  return {
    configuration: configuration.name,
    precision: activation,
    blocks: config.model.blocks,
    dim: config.model.dim,
    parameters: counts.whole,
    encoderParameters: counts.encoder,
    batch: {
      ...configuration.batch,
      frames: batch.frames,
      bins: built.model.config.inputDim,
      vocabulary: configuration.vocabulary,
    },
    paths,
  };
}

/** A whole training step, each call the next one, always on the same batch. */
export function repeatedStep(
  device: Device,
  built: BuiltModel,
  batch: RandomBatch,
  paths: readonly TrainingPath[],
  config: TrainConfig,
): () => void {
  let count = 0;
  const { activation } = activationType(device, config.precision);
  return () => {
    const tape = new Tape(device, { seed: config.seed, step: count, activation });
    try {
      trainingStep(tape, built, batch, paths, config, { learningRate: 1e-4, step: ++count });
    } finally {
      tape.end();
    }
  };
}

async function benchPaths(
  device: Device,
  built: BuiltModel,
  batch: RandomBatch,
  name: string,
  paths: readonly TrainingPath[],
  config: TrainConfig,
  budget: StepBudget,
): Promise<PathResult | FailedPath> {
  const depths = paths.map(({ depth }) => depth);
  const step = repeatedStep(device, built, batch, paths, config);
  try {
    device.trim();
    const firstMs = await wait(device, step);
    const counted = await countStep(device, step);
    const timing = await timeSteps(device, step, budget);
    return {
      status: "timed",
      path: name,
      depths,
      applications: applicationsOf(paths, config),
      timing,
      firstMs,
      framesPerSecond: (batch.lengths.length * batch.frames * 1000) / timing.medianMs,
      ...counted,
      kernels: await profileStep(device, step),
    };
  } catch (error) {
    return { status: "failed", path: name, depths, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function wait(device: Device, step: () => void): Promise<number> {
  const start = performance.now();
  step();
  await device.finish();
  return performance.now() - start;
}

async function countStep(
  device: Device,
  step: () => void,
): Promise<Pick<PathResult, "dispatches" | "passes" | "submits" | "peakBytes">> {
  const { recorder, pool } = device;
  const before = { dispatches: recorder.dispatches, passes: recorder.passes, submits: recorder.submits };
  pool.resetPeak();
  await wait(device, step);
  return {
    dispatches: recorder.dispatches - before.dispatches,
    passes: recorder.passes - before.passes,
    submits: recorder.submits - before.submits,
    peakBytes: pool.statistics.peakBytes,
  };
}

async function profileStep(device: Device, step: () => void): Promise<KernelShare[] | null> {
  if (!device.features.has("timestamp-query")) return null;
  const profiler = device.startProfiling();
  try {
    await wait(device, step);
    return kernelShares(await profiler.collect());
  } finally {
    device.recorder.profiler = undefined;
  }
}
