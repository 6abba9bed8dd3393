import type { Parameters } from "../engine/parameters.ts";
import type { Shape } from "../engine/shape.ts";
import { unitsDifference, unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import { declareModel, type BuiltModel } from "./build_model.ts";
import { type Checkpoint, type CheckpointState } from "./checkpoint.ts";
import { loadCheckpoint } from "./checkpoint_file.ts";
import type { TrainConfig } from "../config/config.ts";
import { expectTensors } from "./safetensors/expect_tensors.ts";
import { toFloat32 } from "./safetensors/half_precision.ts";

/**
 * Gives a new run's model the weights of a checkpoint, a tensor at a time. The output layer's too where the units are the same;
 * otherwise it is drawn anew, as everything is that belongs to training and not to the model.
 *
 * @returns a sentence if the output layer is new, and the checkpoint's state
 * @throws UserError, before anything is written, naming the tensors that do not fit
 */
export function startFrom(
  path: string,
  { model, parameters }: BuiltModel,
  units: Units,
  seed: number,
): { message: string | undefined; state: CheckpointState } {
  const checkpoint = loadCheckpoint(path);
  try {
    const { state } = checkpoint;
    const isHead = (name: string): boolean => !name.startsWith(model.scopes.encoder);
    const reason = newHead(checkpoint, units, parameters.all.map(({ name }) => name).filter(isHead));
    const wanted = modelTensors(parameters).filter(([name]) => reason === null || !isHead(name));
    const taken = expectTensors(checkpoint, wanted, complaintOf(checkpoint));
    for (const name of parameters.savedShapes.keys()) {
      const tensor = taken.get(name);
      parameters.write(name, tensor ? toFloat32(tensor) : parameters.initialValues(name, seed));
    }
    parameters.roundToHalf();
    return { message: reason === null ? undefined : `init: the output layer is drawn anew, since ${reason}`, state };
  } finally {
    checkpoint.close();
  }
}

/** Refuses a config whose encoder is not that of the checkpoint it starts from: said before hours of audio are read. */
export function expectStart(config: TrainConfig): void {
  if (config.init === null) return;
  const { model, parameters } = declareModel(config, 2, { lossScaled: false, blank: 0 }); // of any units
  const checkpoint = loadCheckpoint(config.init);
  checkpoint.close(); // the header is enough
  expectTensors(
    checkpoint,
    modelTensors(parameters).filter(([name]) => name.startsWith(model.scopes.encoder)),
    complaintOf(checkpoint),
  );
}

/** Why the checkpoint's output layer is of no use; null if it is. */
function newHead({ path, state, tensors }: Checkpoint, units: Units, head: readonly string[]): string | null {
  if (state.units === null || !head.every((name) => tensors.has(name))) return `${path} has none`;
  const difference = unitsDifference(unitsFromJSON(state.units, path), units);
  return difference === null ? null : `the units are others than those of ${path}: ${difference}`;
}

/** Everything that is saved with a model, but for what only training with f16 has. */
const modelTensors = ({ savedShapes }: Parameters): (readonly [string, Shape])[] =>
  [...savedShapes].filter(([name]) => name !== "loss_scale");

/** How the message begins that names tensors which do not fit. */
const complaintOf = ({ path }: Checkpoint): string => `init: ${path} does not fit the model of the config`;
