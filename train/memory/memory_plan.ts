import type { Device } from "../../engine/device.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import type { TrainConfig } from "../../config/config.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { applicationsOf, trainingPaths, type TrainingPath } from "../training_paths.ts";
import { featureMasks, type BatchMasks } from "../../data/batches/feature_masks.ts";
import {
  blankBatch,
  measureMemory,
  modelBytes,
  planInference,
  type BatchShape,
  type StepMemory,
} from "../../recognition/memory.ts";
import { trainingStep, uploadBatch } from "../training_step.ts";

/** Memory of one depth by itself. */
export interface DepthMemory {
  readonly depth: number;
  /** A training step of this path alone. */
  readonly training: StepMemory;
  /** A forward pass of a model without gradients and optimiser state. */
  readonly inference: StepMemory;
}

/** What the largest batch of a run needs on a device. */
export interface MemoryPlan {
  readonly batch: BatchShape;
  /** Values of all parameters, with their f16 copies if there are any. */
  readonly parameterBytes: number;
  /** Gradients and both moments. */
  readonly optimizerBytes: number;
  /** A joint training step: every path at once. */
  readonly joint: StepMemory & { readonly depths: readonly number[] };
  readonly depths: readonly DepthMemory[];
}

/**
 * Predicts the memory of training with a batch of this shape by running the steps on a dry device: `totalBytes` is what
 * `device.pool` will report as its peak.
 *
 * @throws RunError naming the first tensor that exceeds the device's buffers or bindings
 */
export function planMemory(device: Device, config: TrainConfig, vocabulary: number, batch: BatchShape): MemoryPlan {
  const parameterBytes = modelBytes(device, config, vocabulary, false);
  const step = (paths: readonly TrainingPath[]): StepMemory => planStep(device, config, vocabulary, batch, paths);
  const joint = largestPaths(config);
  return {
    batch,
    parameterBytes,
    optimizerBytes: modelBytes(device, config, vocabulary, true) - parameterBytes,
    joint: { depths: joint.map(({ depth }) => depth), ...step(joint) },
    depths: evaluatedPaths(config).map((path) => ({
      depth: path.depth,
      training: step([path]),
      inference: planInference(device, config, vocabulary, batch, path),
    })),
  };
}

/** The memory of a joint training step along these paths, including the optimiser's update. */
export function planStep(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  shape: BatchShape,
  paths: readonly TrainingPath[] = largestPaths(config),
): StepMemory {
  return measureMemory(device, config, vocabulary, true, (tape, built) => {
    trainingStep(
      tape,
      built,
      uploadBatch(
        tape,
        { ...blankBatch(shape, built.model.config.inputDim), masks: masksOf(shape, built.model, config) },
        built.model,
      ),
      paths,
      config,
      { learningRate: 1, step: 1 },
    );
  });
}

/** Steps examined if paths are drawn anew in each. */
const DRAWS = 500;

/**
 * The paths of the step with the most block applications. With middle depths steps differ; LayerDrop and stochastic depth drop none,
 * as may happen.
 */
function largestPaths(config: TrainConfig): TrainingPath[] {
  const draws = Array.from({ length: config.loss.middleDepths > 0 ? DRAWS : 1 }, (_, step) =>
    trainingPaths(config, step, false),
  );
  const applications = draws.map((paths) => applicationsOf(paths, config));
  return draws[applications.indexOf(Math.max(...applications))] as TrainingPath[];
}

/** The masks of a training batch, if there are any. */
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
