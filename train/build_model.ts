import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { Parameters } from "../engine/parameters.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import { parseCmvn, type Cmvn } from "../model/features/cmvn.ts";
import type { FrontEnd } from "../model/features/front_end.ts";
import { depthSchedule, type DepthSchedule } from "../model/unfold.ts";
import { unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import { loadCheckpoint, restoreParameters, type Checkpoint, type CheckpointState } from "./checkpoint.ts";
import { restoreConfig, type TrainConfig } from "./config.ts";
import { createModel } from "./create_model.ts";
import { buildFrontEnd } from "./front_end.ts";
import { depthsWithNorms } from "./trained_depths.ts";

export interface BuiltModel {
  readonly model: CtcModel;
  readonly parameters: Parameters;
  /** Of training with f16 activations: the dynamic loss scale, kept with the parameters as a buffer. See kernels/loss_scale. */
  readonly lossScale?: Tensor;
}

/** The loss scale at the start, as torch.amp.GradScaler has it; no finite or other steps yet. */
const INITIAL_LOSS_SCALE = [65536, 0, 0, 0];

/**
 * The model of a config before there are values: names and shapes of its parameters, and the loss scale if it is trained with one.
 *
 * @param blank class of the blank, which changes no shape
 */
export function declareModel(
  config: TrainConfig,
  vocabulary: number,
  { lossScaled, blank }: { lossScaled: boolean; blank: number },
): BuiltModel {
  const parameters = new Parameters();
  const model = createModel(parameters, config, vocabulary, blank);
  const lossScale = lossScaled
    ? parameters.addBuffer("loss_scale", [4], (i) => INITIAL_LOSS_SCALE[i] as number)
    : undefined;
  return { model, parameters, ...(lossScale && { lossScale }) };
}

export interface BuildOptions {
  /** Without it there are no gradients and moments. */
  readonly optimizer: boolean;
  /** Keep f16 copies of the values, for tapes whose activations are f16. */
  readonly half?: boolean;
  /** Class of the blank, of the units that the model writes. */
  readonly blank: number;
  /** All values will come from a checkpoint: none are drawn. */
  readonly restored?: boolean;
}

/** The model of a config, with freshly drawn parameters unless they are `restored`. */
export function buildModel(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  { optimizer, half = false, blank, restored = false }: BuildOptions,
): BuiltModel {
  // Also where the adapter has no f16, so that a checkpoint of the run is the same on every adapter.
  const lossScaled = (half || config.precision === "f16") && optimizer;
  const { model, parameters, lossScale } = declareModel(config, vocabulary, { lossScaled, blank });
  parameters.seal(device, { seed: config.seed, optimizer, half, draw: !restored });
  return { model, parameters, ...(lossScale && half && { lossScale }) };
}

/** How the model of a config counts frames; needs no device, as nothing is computed. */
export function modelFrames(
  config: TrainConfig,
): Pick<CtcModel, "outputFrames" | "minInputFrames" | "stride" | "paddingMatters"> {
  const { model } = declareModel(config, 2, { lossScaled: false, blank: 0 }); // of any vocabulary
  return {
    outputFrames: (frames) => model.outputFrames(frames),
    minInputFrames: model.minInputFrames,
    stride: model.stride,
    paddingMatters: model.paddingMatters,
  };
}

/** The schedule of a logical depth of this config. Throws UserError for a depth without norms, where each has its own. */
export function scheduleOf(config: TrainConfig, depth: number): DepthSchedule {
  const own = depthsWithNorms(config);
  if (own && !own.includes(depth))
    throw new UserError(`depth ${depth} has no norms: model.norms is per_depth, for the depths ${own.join(", ")}`);
  return depthSchedule(config.unfold.order, config.model.blocks, depth, config.unfold.shallow);
}

/** The normalisation that a checkpoint keeps; null where the front end takes none. Throws UserError if it is none, or not for the config's features. */
export function restoreCmvn({ cmvn }: CheckpointState, config: TrainConfig, source: string): Cmvn | null {
  const { takesCmvn, bins } = buildFrontEnd(config);
  if (!takesCmvn) return null;
  const restored = parseCmvn(JSON.stringify(cmvn), source);
  if (restored.mean.length !== bins)
    throw new UserError(
      `${source}: the normalisation is of ${restored.mean.length} bins, the config's features have ${bins}`,
    );
  return restored;
}

/** A model as training left it, with all that it takes to recognise speech. */
export interface Recognizer extends BuiltModel {
  readonly checkpoint: Checkpoint;
  readonly config: TrainConfig;
  readonly units: Units;
  readonly frontEnd: FrontEnd;
  /** Null where the front end takes none. */
  readonly cmvn: Cmvn | null;
}

/** Whether a checkpoint has the output layer of its model: an encoder that has only been pretrained has none before a run. */
export const hasHead = ({ tensors }: Checkpoint, { model: { scopes }, parameters }: BuiltModel): boolean =>
  parameters.all.some(({ name }) => !name.startsWith(scopes.encoder) && tensors.has(name));

/** Throws UserError for a checkpoint without an output layer, which writes no text. */
export function expectHead(checkpoint: Checkpoint, built: BuiltModel): void {
  if (!hasHead(checkpoint, built))
    throw new UserError(
      `${checkpoint.path} has no output layer yet: a run can start from it (init), but it writes no text before it is trained to`,
    );
}

/** Loads a checkpoint file or a run folder. Throws UserError for anything that is not one, or that has no output layer. */
export function openRecognizer(device: Device, path: string): Recognizer {
  const checkpoint = loadCheckpoint(path);
  const { state } = checkpoint;
  const config = restoreConfig(state.config, checkpoint.path);
  const units = unitsFromJSON(state.units, checkpoint.path);
  const built = buildModel(device, config, units.size, { optimizer: false, blank: units.blank, restored: true });
  expectHead(checkpoint, built);
  restoreParameters(checkpoint, built.parameters, { moments: false });
  checkpoint.close();
  const cmvn = restoreCmvn(state, config, checkpoint.path);
  return { ...built, checkpoint, config, units, frontEnd: buildFrontEnd(config), cmvn };
}
