import { UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { sizeOf, type Shape } from "../engine/shape.ts";
import { unitsDifference, unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import { declareModel, type BuiltModel } from "./build_model.ts";
import { type Checkpoint, type CheckpointState } from "./checkpoint.ts";
import { loadCheckpoint } from "./checkpoint_file.ts";
import { isSection } from "../config/camel_case.ts";
import type { TrainConfig } from "../config/config.ts";
import { expectTensors } from "./safetensors/expect_tensors.ts";
import { toFloat32 } from "./safetensors/half_precision.ts";

/**
 * Initialises a new run's model from a checkpoint, one tensor at a time. The output layer and a decoder are taken over only if the
 * units are the same; otherwise they are newly initialised, like everything that belongs to training rather than the model. With a
 * decoder, a model has one class more than without, the last, which starts and ends sentences: so the output layers of the two
 * differ by a row, and the others are taken over.
 *
 * @returns messages about what is new, and the checkpoint's state
 * @throws UserError, before anything is written, naming what does not fit
 */
export function startFrom(
  path: string,
  { model, parameters }: BuiltModel,
  units: Units,
  seed: number,
): { messages: string[]; state: CheckpointState } {
  const checkpoint = loadCheckpoint(path);
  try {
    const { state } = checkpoint;
    const { encoder, decoder } = model.scopes;
    const partOf = (name: string): "encoder" | "decoder" | "head" =>
      name.startsWith(encoder) ? "encoder" : decoder !== undefined && name.startsWith(decoder) ? "decoder" : "head";
    const names = (part: string): string[] =>
      parameters.all.flatMap(({ name }) => (partOf(name) === part ? [name] : []));
    const theirs = decoderOf(state);
    const reasons = {
      encoder: null,
      head: whyNew(
        checkpoint,
        units,
        names("head").some((name) => checkpoint.tensors.has(name)),
      ),
      decoder: decoder === undefined ? null : whyNew(checkpoint, units, theirs !== null),
    };
    if (decoder !== undefined && reasons.decoder === null)
      expectHeads(checkpoint, "the decoder", theirs?.["heads"], model.decoder?.config.heads);
    const moreClasses = (theirs === null ? 0 : 1) - (decoder === undefined ? 0 : 1);
    const wanted = modelTensors(parameters)
      .filter(([name]) => reasons[partOf(name)] === null)
      .map(([name, shape]) =>
        partOf(name) === "head"
          ? ([name, shape.with(0, (shape[0] as number) + moreClasses)] as const)
          : ([name, shape] as const),
      );
    const taken = expectTensors(checkpoint, wanted, complaintOf(checkpoint));
    const initial = (name: string, over: Float32Array = new Float32Array()): Float32Array => {
      const values = parameters.initialValues(name, seed);
      values.set(over.subarray(0, values.length));
      return values;
    };
    for (const [name, shape] of parameters.savedShapes) {
      const tensor = taken.get(name);
      const values = tensor && toFloat32(tensor);
      parameters.write(name, values?.length === sizeOf(shape) ? values : initial(name, values));
    }
    parameters.roundToHalf();
    const newly = (what: string, reason: string | null): string[] =>
      reason === null ? [] : [`init: ${what} is newly initialised, since ${reason}`];
    return { messages: [...newly("the output layer", reasons.head), ...newly("the decoder", reasons.decoder)], state };
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
  const theirs = checkpoint.state.config["model"];
  if (isSection(theirs)) expectHeads(checkpoint, "the encoder", theirs["heads"], config.model.heads);
}

/** Why a part of the checkpoint that scores units cannot be used; null if it can. */
function whyNew({ path, state }: Checkpoint, units: Units, there: boolean): string | null {
  if (state.units === null || !there) return `${path} has none`;
  const difference = unitsDifference(unitsFromJSON(state.units, path), units);
  return difference === null ? null : `the units differ from those of ${path}: ${difference}`;
}

/** The settings of a checkpoint's decoder; null without one. */
function decoderOf({ config }: CheckpointState): Readonly<Record<string, unknown>> | null {
  const model = config["model"];
  const decoder = isSection(model) ? model["decoder"] : null;
  return isSection(decoder) ? decoder : null;
}

/** Attention with another number of heads computes something else with the same tensors. */
function expectHeads({ path }: Checkpoint, part: string, theirs: unknown, wanted: number | undefined): void {
  if (typeof theirs === "number" && theirs !== wanted)
    throw new UserError(`init: ${part} of ${path} has ${theirs} attention heads, but the config's has ${wanted}`);
}

/** Everything saved with a model, except what only f16 training has. */
const modelTensors = ({ savedShapes }: Parameters): (readonly [string, Shape])[] =>
  [...savedShapes].filter(([name]) => name !== "loss_scale");

/** Start of the message that names tensors which do not fit. */
const complaintOf = ({ path }: Checkpoint): string => `init: ${path} does not fit the model of the config`;
