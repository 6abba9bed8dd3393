import type { Device } from "../engine/device.ts";
import { Parameters } from "../engine/parameters.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ConformerCtc } from "../model/conformer/conformer_ctc.ts";
import { ConformerHybrid } from "../model/conformer/conformer_hybrid.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import { Wav2Vec2Ctc } from "../model/wav2vec2/wav2vec2_ctc.ts";
import type { TrainConfig } from "../config/plain.ts";
import { conformerConfig, decoderConfig } from "../config/model_config.ts";

export interface BuiltModel {
  readonly model: CtcModel;
  readonly parameters: Parameters;
  /** The dynamic loss scale when training with f16 activations, stored as a buffer beside the parameters. See kernels/loss_scale. */
  readonly lossScale?: Tensor;
}

/** The initial loss scale, as in torch.amp.GradScaler, followed by step counters at zero. */
const INITIAL_LOSS_SCALE = [65536, 0, 0, 0];

/**
 * Declares a config's model without allocating it: the names and shapes of its parameters, and the loss scale if training uses one.
 *
 * @param vocabulary number of output classes, including the blank
 * @param blank      class of the blank; does not affect any shape
 */
export function declareModel(
  config: TrainConfig,
  vocabulary: number,
  { lossScaled, blank }: { lossScaled: boolean; blank: number },
): BuiltModel {
  const parameters = new Parameters();
  const model = modelOf(parameters, config, vocabulary, blank);
  const lossScale = lossScaled
    ? parameters.addBuffer("loss_scale", [4], (i) => INITIAL_LOSS_SCALE[i] as number)
    : undefined;
  return { model, parameters, ...(lossScale && { lossScale }) };
}

function modelOf(parameters: Parameters, config: TrainConfig, vocabulary: number, blank: number): CtcModel {
  if (config.model.kind !== "conformer")
    return new Wav2Vec2Ctc(parameters, { ...config.model, inputDim: 1, vocabulary, blank });
  const encoder = conformerConfig(config, vocabulary, blank);
  const decoder = decoderConfig(config);
  return decoder ? new ConformerHybrid(parameters, encoder, decoder) : new ConformerCtc(parameters, encoder);
}

export interface BuildOptions {
  /** False: no gradients or moments are allocated. */
  readonly optimizer: boolean;
  /** Keep f16 copies of the values, for tapes with f16 activations. */
  readonly half?: boolean;
  /** Class of the blank among the model's output units. */
  readonly blank: number;
  /** All values will come from a checkpoint, so none are drawn. */
  readonly restored?: boolean;
}

/** Builds a config's model, with freshly drawn parameters unless `restored`. */
export function buildModel(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  { optimizer, half = false, blank, restored = false }: BuildOptions,
): BuiltModel {
  // Even on an adapter without f16, so that the run's checkpoints are the same on every adapter.
  const lossScaled = (half || config.precision === "f16") && optimizer;
  const { model, parameters, lossScale } = declareModel(config, vocabulary, { lossScaled, blank });
  parameters.seal(device, { seed: config.seed, optimizer, half, draw: !restored });
  return { model, parameters, ...(lossScale && half && { lossScale }) };
}
