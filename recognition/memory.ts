import { dryDevice } from "../engine/dry_device.ts";
import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { logSoftmax } from "../kernels/softmax/softmax.ts";
import { buildModel, type BuiltModel } from "../checkpoint/build_model.ts";
import type { TrainConfig } from "../config/config.ts";
import { evaluatedPaths, type DepthPath } from "../config/depths.ts";
import { activationType } from "../engine/precision.ts";
import type { CtcOutput } from "../model/ctc_model.ts";
import { padBatch, type Batch } from "../data/batches/batch.ts";
import { utteranceLosses } from "./posteriors.ts";
import { drySearch } from "./search_memory.ts";

/** The size of a padded batch: number of utterances, feature frames of the longest, labels of the longest target. */
export interface BatchShape {
  readonly size: number;
  readonly frames: number;
  readonly labels: number;
}

/** Device memory of one step, in bytes. */
export interface StepMemory {
  /** Peak beyond parameters, gradients and optimiser state. */
  readonly activationBytes: number;
  /** Peak of everything in use at once: what the device must have. */
  readonly totalBytes: number;
}

/** Memory of an evaluation while training holds its model. */
export interface EvaluationMemory extends StepMemory {
  readonly batch: BatchShape;
  readonly depths: readonly number[];
}

/** The memory of a forward pass along one path. */
export function planInference(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  shape: BatchShape,
  path: DepthPath,
): StepMemory {
  return measureMemory(device, config, vocabulary, false, (tape, built) => void forward(tape, built, shape, [path]));
}

function forward(
  tape: Tape,
  { model }: BuiltModel,
  { size, frames }: BatchShape,
  paths: readonly DepthPath[],
): Pick<CtcOutput, "states" | "logits" | "deviceLengths"> {
  const { inputDim: bins } = model.config;
  const features = tape.upload(new Float32Array(size * frames * bins), [size, frames, bins]);
  return model.forward(
    tape,
    features,
    new Array<number>(size).fill(frames),
    paths.map(({ schedule }) => schedule),
  );
}

/**
 * The memory of evaluating a batch at all depths together, with its CTC losses and its decoder's search, between training steps.
 * That of a language model is not known here.
 */
export function planEvaluation(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  batch: BatchShape,
): EvaluationMemory {
  const paths = evaluatedPaths(config);
  const memory = measureMemory(device, config, vocabulary, true, (tape, built) => {
    const evaluation = new Tape(tape.device, { grad: false });
    const { states, logits, deviceLengths } = forward(evaluation, built, batch, paths);
    utteranceLosses(
      evaluation,
      logits,
      deviceLengths,
      blankBatch(batch, built.model.config.inputDim),
      built.model.config.blank,
    );
    for (const path of logits) logSoftmax(evaluation, path);
    const { decoder } = built.model;
    const { search, beam } = config.eval;
    if (decoder && search !== "ctc")
      for (const [i, { schedule }] of paths.entries())
        drySearch(tape.device, decoder, states[i] as Tensor, schedule.length, search, beam ?? undefined);
    evaluation.end();
  });
  return { batch, depths: paths.map(({ depth }) => depth), ...memory };
}

/** Any class will do: memory is the same. */
const BLANK = 0;

/** Measures the memory that `body` uses with a model on a dry device, which computes nothing. */
export function measureMemory(
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

/** The memory that a model uses before its first step. */
export function modelBytes(device: Device, config: TrainConfig, vocabulary: number, optimizer: boolean): number {
  const dry = dryDevice(device);
  buildModel(dry, config, vocabulary, {
    optimizer,
    half: activationType(device, config.precision).activation === "f16",
    blank: BLANK,
  });
  return dry.pool.statistics.liveBytes;
}

/** A batch of zeros. All its utterances are as long as the longest, which does not change any tensor's size. */
export function blankBatch({ size, frames, labels }: BatchShape, bins: number): Batch {
  const item = { features: new Float32Array(frames * bins), frames, labels: new Int32Array(labels).fill(1) };
  return padBatch(new Array<typeof item>(size).fill(item), bins);
}
