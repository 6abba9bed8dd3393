import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { Parameters } from "../engine/parameters.ts";
import type { Tensor } from "../engine/tensor.ts";
import { conformerDefaults, type ConformerConfig } from "../model/config.ts";
import { ConformerCtc } from "../model/conformer_ctc.ts";
import { parseCmvn, type Cmvn } from "../model/features/cmvn.ts";
import { createFbank, type Fbank } from "../model/features/fbank.ts";
import { depthSchedule, type DepthSchedule } from "../model/unfold.ts";
import { unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import { loadCheckpoint, restoreParameters, type Checkpoint, type CheckpointState } from "./checkpoint.ts";
import { restoreConfig, type TrainConfig } from "./config.ts";
import { depthsWithNorms } from "./trained_depths.ts";

export interface BuiltModel {
  readonly model: ConformerCtc;
  readonly parameters: Parameters;
  /** Of training with f16 activations: the dynamic loss scale, kept with the parameters as a buffer. See kernels/loss_scale. */
  readonly lossScale?: Tensor;
}

/** The loss scale at the start, as torch.amp.GradScaler has it; no finite or other steps yet. */
const INITIAL_LOSS_SCALE = [65536, 0, 0, 0];

/** What a config says of the model itself, and its conventions. */
export const conformerConfig = (config: TrainConfig, vocabulary: number): ConformerConfig =>
  ({ ...conformerDefaults, ...config.model, inputDim: config.features.bins, vocabulary, normDepths: depthsWithNorms(config) });

/** The model of a config before there are values: names and shapes of its parameters, and the loss scale if it is trained with one. */
export function declareModel(config: TrainConfig, vocabulary: number, { lossScaled }: { lossScaled: boolean }): BuiltModel {
  const parameters = new Parameters();
  const model = new ConformerCtc(parameters, conformerConfig(config, vocabulary));
  const lossScale = lossScaled ? parameters.addBuffer("loss_scale", [4], (i) => INITIAL_LOSS_SCALE[i] as number) : undefined;
  return { model, parameters, ...(lossScale && { lossScale }) };
}

/**
 * The model of a config, with freshly drawn parameters. Without `optimizer` there are no gradients and moments; with `half`
 * there are f16 copies, for tapes whose activations are f16.
 */
export function buildModel(device: Device, config: TrainConfig, vocabulary: number, { optimizer, half = false }: { optimizer: boolean; half?: boolean }): BuiltModel {
  // Also where the adapter has no f16, so that a checkpoint of the run is the same on every adapter.
  const lossScaled = (half || config.precision === "f16") && optimizer;
  const { model, parameters, lossScale } = declareModel(config, vocabulary, { lossScaled });
  parameters.seal(device, { seed: config.seed, optimizer, half });
  return { model, parameters, ...(lossScale && half && { lossScale }) };
}

export function buildFbank({ data, features }: TrainConfig): Fbank {
  const { bins, frameLengthMs, frameShiftMs, lowFreq, highFreq } = features;
  return createFbank({ sampleRate: data.sampleRate, bins, frameLengthMs, frameShiftMs, lowFrequency: lowFreq, highFrequency: highFreq });
}

/** The schedule of a logical depth of this config. Throws UserError for a depth without norms, where each has its own. */
export function scheduleOf(config: TrainConfig, depth: number): DepthSchedule {
  const own = depthsWithNorms(config);
  if (own && !own.includes(depth)) throw new UserError(`depth ${depth} has no norms: model.norms is per_depth, for the depths ${own.join(", ")}`);
  return depthSchedule(config.unfold.order, config.model.blocks, depth, config.unfold.shallow);
}

/** The normalisation that a checkpoint keeps. Throws UserError if it is none, or not for the config's features. */
export function restoreCmvn({ cmvn }: CheckpointState, { features }: TrainConfig, source: string): Cmvn {
  const restored = parseCmvn(JSON.stringify(cmvn), source);
  if (restored.mean.length !== features.bins) throw new UserError(`${source}: the normalisation is of ${restored.mean.length} bins, the config's features have ${features.bins}`);
  return restored;
}

/** A model as training left it, with all that it takes to recognise speech. */
export interface Recognizer extends BuiltModel {
  readonly checkpoint: Checkpoint;
  readonly config: TrainConfig;
  readonly units: Units;
  readonly fbank: Fbank;
  readonly cmvn: Cmvn;
}

/** Loads a checkpoint file or a run folder. Throws UserError for anything that is not one. */
export function openRecognizer(device: Device, path: string): Recognizer {
  const checkpoint = loadCheckpoint(path);
  const { state } = checkpoint;
  const config = restoreConfig(state.config, checkpoint.path);
  const units = unitsFromJSON(state.units, checkpoint.path);
  const built = buildModel(device, config, units.size, { optimizer: false });
  restoreParameters(checkpoint, built.parameters, { moments: false });
  const cmvn = restoreCmvn(state, config, checkpoint.path);
  return { ...built, checkpoint, config, units, fbank: buildFbank(config), cmvn };
}
