import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunError, UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { writeAtomically, writePiecesAtomically } from "../data/files/atomic_file.ts";
import { STDIN } from "../data/files/input.ts";
import { stateMetadata, storedTensors, type Checkpoint, type StoredTensor } from "./checkpoint.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors/file.ts";
import { bytesOf, layOut } from "./safetensors/header.ts";
import { safetensorsPieces, type NamedTensors } from "./safetensors/safetensors.ts";
import { isLanguageModel, parseLanguageModelState, type LanguageModelState } from "./language/state.ts";
import { parseState, type CheckpointState } from "./state.ts";

/** A checkpoint that stays open: each access to a tensor's values reads them from the file. */
export interface OpenCheckpoint<State = CheckpointState> extends Checkpoint<State> {
  close(): void;
}

/**
 * Writes everything to one `.safetensors` file (the state as JSON in its header), and the state again as readable JSON
 * beside it. The file is either complete or absent: it is written under a temporary name, flushed and renamed, so the
 * previous version survives a full disk or a kill at any moment.
 *
 * @param moments whether to include the optimiser's moments, which resuming needs and decoding does not
 * @param finite  false to write non-finite weights too, so that they can be inspected
 * @throws RunError if the file cannot be written, or naming the weights that are not finite
 */
export async function saveCheckpoint(
  path: string,
  parameters: Parameters,
  state: CheckpointState | LanguageModelState,
  { moments, finite = true }: { moments: boolean; finite?: boolean },
): Promise<void> {
  const stored = new Map(
    storedTensors(parameters, { moments }).map(({ key, ...where }) => [key, { ...where, dtype: "F32" as const }]),
  );
  const { bytes, entries } = layOut(stored, stateMetadata(state));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes;
    for (const entry of entries) {
      const { name, flat } = stored.get(entry.name) as Omit<StoredTensor, "key">;
      const values = await parameters.readOne(name, flat);
      const bad = finite && flat === "values" ? values.find((value) => !Number.isFinite(value)) : undefined;
      if (bad !== undefined)
        throw new RunError(
          `the weights ${name} contain ${bad} after step ${state.step}, so ${path} was not written; the previous one, if any, is untouched`,
        );
      yield bytesOf(entry, values);
    }
  }
  await writePiecesAtomically(path, pieces());
  writeStateBeside(path, state);
}

/** The same for tensors on the host or in an open file, with one of them in memory at a time. */
export function writeCheckpoint(path: string, tensors: NamedTensors, state: CheckpointState): void {
  writeAtomically(path, safetensorsPieces(tensors, stateMetadata(state)));
  writeStateBeside(path, state);
}

/** Path of the readable JSON beside a checkpoint. */
export const stateBeside = (path: string): string => path.replace(/\.safetensors$/, ".json");

/** Writes the readable JSON beside a checkpoint. */
export function writeStateBeside(path: string, state: object): void {
  writeAtomically(stateBeside(path), Buffer.from(`${JSON.stringify(state, null, 2)}\n`));
}

/**
 * Opens a recogniser's checkpoint file, or a run folder's `best.safetensors`, reads its state and checks its header. Close it once
 * its tensors are no longer needed. Throws a UserError in one sentence for anything else.
 */
export const loadCheckpoint = (given: string): OpenCheckpoint => openCheckpoint(given, parseState);

/** The same for a language model's checkpoint. */
export const loadLanguageModel = (given: string): OpenCheckpoint<LanguageModelState> =>
  openCheckpoint(given, parseLanguageModelState);

function openCheckpoint<State>(
  given: string,
  parse: (json: string | undefined, path: string) => State,
): OpenCheckpoint<State> {
  if (given === STDIN)
    throw new UserError(
      "a checkpoint does not come from standard input, since tensors are read where they are needed: give a file or a run folder",
    );
  const path = checkpointFile(given);
  let file: SafetensorsFile;
  try {
    file = openSafetensors(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    const last = join(given, "last.safetensors");
    const instead = absent && path !== given && existsSync(last) ? `; the run has no evaluation yet: give ${last}` : "";
    throw new UserError(
      `the checkpoint ${path} cannot be read: ${absent ? "there is no such file" : (error as Error).message}${instead}`,
    );
  }
  const { tensors, metadata, close } = file;
  try {
    return { path, state: parse(metadata.unfold, path), tensors, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Reads only a recogniser's state. Throws as `loadCheckpoint` does. */
export const loadState = (given: string): CheckpointState => closed(loadCheckpoint(given)).state;

/** Reads only a language model's state. */
export const loadLanguageModelState = (given: string): LanguageModelState => closed(loadLanguageModel(given)).state;

/** Whether a checkpoint is a language model's rather than a recogniser's. */
export const isLanguageModelFile = (given: string): boolean => closed(openCheckpoint(given, isLanguageModel)).state;

function closed<State>(checkpoint: OpenCheckpoint<State>): OpenCheckpoint<State> {
  checkpoint.close();
  return checkpoint;
}

/** Resolves a run folder to its `best.safetensors`; a file stays as given. */
export const checkpointFile = (given: string): string => (isFolder(given) ? join(given, "best.safetensors") : given);

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
