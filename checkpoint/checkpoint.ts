import { UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { expectTensors } from "./safetensors/expect_tensors.ts";
import { toFloat32 } from "./safetensors/half_precision.ts";
import { parseSafetensors, serialiseSafetensors, type SafeTensor } from "./safetensors/safetensors.ts";
import { parseState, type CheckpointState } from "./state.ts";
import type { BuiltModel } from "./build_model.ts";

export type { CheckpointState } from "./state.ts";

export interface Checkpoint<State = CheckpointState> {
  readonly path: string;
  readonly state: State;
  /** Keyed by parameter name; moments by `first_moment/<name>` and `second_moment/<name>`. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/**
 * Parses a checkpoint held in memory; `loadCheckpoint` opens a file. Values are views of the bytes.
 *
 * @param name used in error messages
 * @throws UserError in one sentence for anything that is not an unfold checkpoint
 */
export function parseCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes, name);
  return { path: name, state: parseState(metadata["unfold"], name), tensors };
}

const MOMENTS = { firstMoment: "first_moment", secondMoment: "second_moment" } as const;

/** The values of a parameter or buffer, or a parameter's moment, with its key in a checkpoint. */
export interface StoredTensor {
  readonly key: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly flat: "values" | keyof typeof MOMENTS;
}

/** The tensors that a model's checkpoint holds. Frozen parameters have no moments. */
export function storedTensors(parameters: Parameters, { moments }: { moments: boolean }): StoredTensor[] {
  const flats = moments ? (Object.entries(MOMENTS) as [keyof typeof MOMENTS, string][]) : [];
  const trained = parameters.all.filter(({ frozen }) => !frozen);
  return [
    ...[...parameters.savedShapes].map(([name, shape]) => ({ key: name, name, shape, flat: "values" as const })),
    ...flats.flatMap(([flat, prefix]) =>
      trained.map(({ name, fileShape: shape }) => ({ key: `${prefix}/${name}`, name, shape, flat })),
    ),
  ];
}

/** What a checkpoint file keeps in its header beside the tensors. */
export const stateMetadata = (state: object): Record<string, string> => ({ unfold: JSON.stringify(state) });

/**
 * A checkpoint as the bytes of its file, for homes without files; `saveCheckpoint` writes one. `parseCheckpoint` reads it back.
 *
 * @param moments whether to include the optimiser's moments, which resuming needs and decoding does not
 */
export async function checkpointBytes(
  parameters: Parameters,
  state: CheckpointState,
  { moments }: { moments: boolean },
): Promise<Uint8Array> {
  const stored = storedTensors(parameters, { moments });
  const read = new Map<StoredTensor["flat"], Awaited<ReturnType<Parameters["read"]>>>();
  for (const flat of new Set(stored.map((tensor) => tensor.flat))) read.set(flat, await parameters.read(flat));
  const tensors = new Map(
    stored.map(({ key, name, shape, flat }): [string, SafeTensor] => {
      const values = read.get(flat)?.get(name)?.values as Float32Array;
      return [key, { dtype: "F32", shape, values } as SafeTensor];
    }),
  );
  return serialiseSafetensors(tensors, stateMetadata(state));
}

/**
 * Copies a checkpoint's tensors into a model of the same shape, one at a time.
 *
 * @param moments whether to restore the optimiser's moments as well
 * @throws UserError, before anything is copied, naming the tensors that are missing or have another shape or type
 */
export function restoreParameters(
  checkpoint: Checkpoint<unknown>,
  parameters: Parameters,
  { moments }: { moments: boolean },
): void {
  const { path, tensors } = checkpoint;
  if (moments && ![...tensors.keys()].some((name) => name.startsWith(MOMENTS.firstMoment)))
    throw new UserError(`${path} holds no optimiser state: resume from last.safetensors`);
  const stored = storedTensors(parameters, { moments });
  const found = expectTensors(
    checkpoint,
    stored.map(({ key, shape }) => [key, shape]),
  );
  for (const { key, name, flat } of stored) parameters.write(name, toFloat32(found.get(key) as SafeTensor), flat);
  parameters.roundToHalf();
}

/** Whether a checkpoint has an output layer: an encoder that has only been pretrained has none. */
export const hasHead = ({ tensors }: Checkpoint, { model: { scopes }, parameters }: BuiltModel): boolean =>
  parameters.all.some(({ name }) => !name.startsWith(scopes.encoder) && tensors.has(name));

/** Throws UserError for a checkpoint without an output layer, which cannot produce text. */
export function expectHead(checkpoint: Checkpoint, built: BuiltModel): void {
  if (!hasHead(checkpoint, built))
    throw new UserError(
      `${checkpoint.path} has no output layer yet: a run can start from it (init), but it cannot produce text until it has been fine-tuned`,
    );
}
