import { dryDevice } from "../engine/dry_device.ts";
import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { logSoftmax } from "../kernels/softmax/softmax.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import { countApplications } from "../model/unfold.ts";
import { buildModel, type BuiltModel } from "./build_model.ts";
import type { TrainConfig } from "./config.ts";
import { padBatch, type Batch } from "./data/batch.ts";
import { featureMasks, type BatchMasks } from "./data/feature_masks.ts";
import { evaluatedPaths, trainingPaths, type DepthPath, type TrainingPath } from "./depths.ts";
import { activationType } from "./precision.ts";
import { trainingStep, uploadBatch } from "./training_step.ts";
import { utteranceLosses } from "./utterance_losses.ts";

/** The size of a padded batch: utterances, feature frames of the longest, labels of the longest target. */
export interface BatchShape {
  readonly size: number;
  readonly frames: number;
  readonly labels: number;
}

/** Device memory of one step, in bytes. */
export interface StepMemory {
  /** Beyond parameters, gradients and optimiser state, where the step needs most. */
  readonly activationBytes: number;
  /** All that is in use at once, where the step needs most: what the device has to have. */
  readonly totalBytes: number;
}

/** Memory of one depth by itself. */
export interface DepthMemory {
  readonly depth: number;
  /** A training step of this path alone. */
  readonly training: StepMemory;
  /** A forward pass of a model without gradients and optimiser state. */
  readonly inference: StepMemory;
}

/** Memory of an evaluation, while training holds its model. */
export interface EvaluationMemory extends StepMemory {
  readonly batch: BatchShape;
  readonly depths: readonly number[];
}

/** What the largest batch of a run needs on a device. */
export interface MemoryPlan {
  readonly batch: BatchShape;
  /** Values of all parameters, with their f16 copies where there are any. */
  readonly parameterBytes: number;
  /** Gradients and both moments. */
  readonly optimizerBytes: number;
  /** A step as it is trained: every path at once. */
  readonly joint: StepMemory & { readonly depths: readonly number[] };
  readonly depths: readonly DepthMemory[];
}

/**
 * Predicts the memory of training with a batch of this shape, by running the steps on a dry device: `totalBytes` is what
 * `device.pool` will report as its peak.
 *
 * @throws RunError naming the first tensor that is larger than the device's buffers or bindings
 */
export function planMemory(device: Device, config: TrainConfig, vocabulary: number, batch: BatchShape): MemoryPlan {
  const parameterBytes = heldBy(device, config, vocabulary, false);
  const step = (paths: readonly TrainingPath[]): StepMemory => planStep(device, config, vocabulary, batch, paths);
  const joint = largestPaths(config);
  return {
    batch,
    parameterBytes,
    optimizerBytes: heldBy(device, config, vocabulary, true) - parameterBytes,
    joint: { depths: joint.map(({ depth }) => depth), ...step(joint) },
    depths: evaluatedPaths(config).map((path) => ({
      depth: path.depth,
      training: step([path]),
      inference: planInference(device, config, vocabulary, batch, path),
    })),
  };
}

/** The memory of a training step along these paths together, the optimiser's update included. */
export function planStep(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  shape: BatchShape,
  paths: readonly TrainingPath[] = largestPaths(config),
): StepMemory {
  return measure(device, config, vocabulary, true, (tape, built) => {
    trainingStep(
      tape,
      built,
      uploadBatch(tape, {
        ...blankBatch(shape, built.model.config.inputDim),
        masks: masksOf(shape, built.model, config),
      }),
      paths,
      config,
      { learningRate: 1, step: 1 },
    );
  });
}

/** The memory of a forward pass along one path. */
export function planInference(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  shape: BatchShape,
  path: DepthPath,
): StepMemory {
  return measure(device, config, vocabulary, false, (tape, built) => void forward(tape, built, shape, [path]));
}

function forward(
  tape: Tape,
  { model }: BuiltModel,
  { size, frames }: BatchShape,
  paths: readonly DepthPath[],
): { readonly logits: readonly Tensor[]; readonly deviceLengths: Tensor } {
  const { inputDim: bins } = model.config;
  const features = tape.upload(new Float32Array(size * frames * bins), [size, frames, bins]);
  return model.forward(
    tape,
    features,
    new Array<number>(size).fill(frames),
    paths.map(({ schedule }) => schedule),
  );
}

/** The memory of evaluating a batch at every depth together, with its CTC losses, between training steps. */
export function planEvaluation(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  batch: BatchShape,
): EvaluationMemory {
  const paths = evaluatedPaths(config);
  const memory = measure(device, config, vocabulary, true, (tape, built) => {
    const evaluation = new Tape(tape.device, { grad: false });
    const { logits, deviceLengths } = forward(evaluation, built, batch, paths);
    utteranceLosses(
      evaluation,
      logits,
      deviceLengths,
      blankBatch(batch, built.model.config.inputDim),
      built.model.config.blank,
    );
    for (const path of logits) logSoftmax(evaluation, path);
    evaluation.end();
  });
  return { batch, depths: paths.map(({ depth }) => depth), ...memory };
}

/** Whichever class it is, memory is the same. */
const BLANK = 0;

function measure(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  training: boolean,
  body: (tape: Tape, built: BuiltModel) => void,
): StepMemory {
  const dry = dryDevice(device);
  const { activation } = activationType(device, training ? config.precision : "f32");
  const built = buildModel(dry, config, vocabulary, { optimizer: training, half: activation === "f16", blank: BLANK });
  const held = dry.pool.statistics.liveBytes;
  const tape = new Tape(dry, { grad: training, activation });
  body(tape, built);
  tape.end();
  const { peakBytes } = dry.pool.statistics;
  return { activationBytes: peakBytes - held, totalBytes: peakBytes };
}

/** What a model holds before its first step. */
function heldBy(device: Device, config: TrainConfig, vocabulary: number, optimizer: boolean): number {
  const dry = dryDevice(device);
  buildModel(dry, config, vocabulary, {
    optimizer,
    half: activationType(device, config.precision).activation === "f16",
    blank: BLANK,
  });
  return dry.pool.statistics.liveBytes;
}

/** Steps looked at where paths are drawn anew in each. */
const DRAWS = 500;

/** The paths of the step with the most block applications: with middle depths they differ, and LayerDrop may leave out no layer. */
function largestPaths(config: TrainConfig): TrainingPath[] {
  const whole = { ...config, loss: { ...config.loss, layerDrop: 0 } };
  const draws = Array.from({ length: config.loss.middleDepths > 0 ? DRAWS : 1 }, (_, step) =>
    trainingPaths(whole, step),
  );
  const applications = draws.map((paths) => countApplications(paths.map(({ schedule }) => schedule)));
  return draws[applications.indexOf(Math.max(...applications))] as TrainingPath[];
}

/** The masks of a batch in training, if there are any. */
function masksOf({ size, frames }: BatchShape, model: CtcModel, { masking }: TrainConfig): BatchMasks | undefined {
  const outputs = model.outputFrames(frames);
  return masking
    ? featureMasks(
        new Array<number>(size).fill(outputs),
        outputs,
        model.config.dim,
        masking,
        new Array<number[]>(size).fill([]),
      )
    : undefined;
}

/** A batch of zeros. Its utterances are all as long as the longest, which changes no tensor's size. */
function blankBatch({ size, frames, labels }: BatchShape, bins: number): Batch {
  const item = { features: new Float32Array(frames * bins), frames, labels: new Int32Array(labels).fill(1) };
  return padBatch(new Array<typeof item>(size).fill(item), bins);
}
