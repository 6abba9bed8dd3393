import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { Parameters } from "../engine/parameters.ts";
import type { Tensor } from "../engine/tensor.ts";
import { conformerDefaults, type ConformerConfig } from "../model/config.ts";
import { ConformerCtc, conformerFrames } from "../model/conformer_ctc.ts";
import type { CtcModel, FrameCounts } from "../model/ctc_model.ts";
import { Wav2Vec2Ctc, wav2vec2Frames } from "../model/wav2vec2/wav2vec2_ctc.ts";
import type { TrainConfig } from "./plain.ts";
import { depthsWithNorms } from "./depths.ts";
import { buildFrontEnd } from "./front_end.ts";

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
 * @param vocabulary output classes, the blank included
 * @param blank      class of the blank, which changes no shape
 */
export function declareModel(
  config: TrainConfig,
  vocabulary: number,
  { lossScaled, blank }: { lossScaled: boolean; blank: number },
): BuiltModel {
  const parameters = new Parameters();
  const model =
    config.model.kind === "conformer"
      ? new ConformerCtc(parameters, conformerConfig(config, vocabulary, blank))
      : new Wav2Vec2Ctc(parameters, { ...config.model, inputDim: 1, vocabulary, blank });
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

/** How the model of a config counts frames. */
export const modelFrames = ({ model }: TrainConfig): FrameCounts =>
  model.kind === "conformer" ? conformerFrames({ ...conformerDefaults, ...model }) : wav2vec2Frames(model);

/** What a config says of a Conformer itself, and its conventions. Throws UserError for another kind of model. */
export function conformerConfig(config: TrainConfig, vocabulary: number, blank: number): ConformerConfig {
  const { model } = config;
  if (model.kind !== "conformer") throw new UserError(`expected a Conformer, but model.kind is ${model.kind}`);
  return {
    ...conformerDefaults,
    ...model,
    inputDim: buildFrontEnd(config).bins,
    vocabulary,
    blank,
    normDepths: depthsWithNorms(config),
  };
}
