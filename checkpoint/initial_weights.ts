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
 * Initialises a new run's model from a checkpoint, one tensor at a time. The output layer is taken over only if the
 * units are the same; otherwise it is newly initialised, like everything that belongs to training rather than the
 * model.
 *
 * @returns a message if the output layer is new, and the checkpoint's state
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
    return {
      message: reason === null ? undefined : `init: the output layer is newly initialised, since ${reason}`,
      state,
    };
  } finally {
    checkpoint.close();
  }
}

/** Rejects a config whose encoder does not match the checkpoint it starts from, before hours of audio are read. */
export function expectStart(config: TrainConfig): void {
  if (config.init === null) return;
  const { model, parameters } = declareModel(config, 2, { lossScaled: false, blank: 0 }); // for any units
  const checkpoint = loadCheckpoint(config.init);
  checkpoint.close(); // the header is enough
  expectTensors(
    checkpoint,
    modelTensors(parameters).filter(([name]) => name.startsWith(model.scopes.encoder)),
    complaintOf(checkpoint),
  );
}

/** Why the checkpoint's output layer cannot be used; null if it can. */
function newHead({ path, state, tensors }: Checkpoint, units: Units, head: readonly string[]): string | null {
  if (state.units === null || !head.every((name) => tensors.has(name))) return `${path} has none`;
  const difference = unitsDifference(unitsFromJSON(state.units, path), units);
  return difference === null ? null : `the units differ from those of ${path}: ${difference}`;
}

/** Everything saved with a model, except what only f16 training has. */
const modelTensors = ({ savedShapes }: Parameters): (readonly [string, Shape])[] =>
  [...savedShapes].filter(([name]) => name !== "loss_scale");

/** Start of the message that names tensors which do not fit. */
const complaintOf = ({ path }: Checkpoint): string => `init: ${path} does not fit the model of the config`;
