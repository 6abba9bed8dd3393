import { statSync } from "node:fs";
import { join } from "node:path";
import { RunError, UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { writeAtomically, writePiecesAtomically } from "../data/files/atomic_file.ts";
import { storedTensors, type Checkpoint, type StoredTensor } from "./checkpoint.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors/file.ts";
import { bytesOf, layOut } from "./safetensors/header.ts";
import { safetensorsPieces, type NamedTensors } from "./safetensors/safetensors.ts";
import { parseState, type CheckpointState } from "./state.ts";

/** A checkpoint whose tensors are read from its file whenever their values are asked for, until it is closed. */
export interface OpenCheckpoint extends Checkpoint {
  close(): void;
}

/**
 * Writes one `.safetensors` file that holds all of it (the state as JSON in its header), and beside it the state as
 * readable JSON. The file is complete or not there: it is written under another name, flushed and renamed, so that what
 * was there before survives a full disk and a kill at any moment.
 *
 * @param moments also the optimiser's moments, which resuming needs and decoding does not
 * @param finite  false to write weights as well that are no finite numbers, for somebody who wants to look at them
 * @throws RunError if the file cannot be written, or naming the weights that are not finite
 */
export async function saveCheckpoint(
  path: string,
  parameters: Parameters,
  state: CheckpointState,
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
          `the weights ${name} hold ${bad} after step ${state.step}, so ${path} is not written; the one before, if any, is untouched`,
        );
      yield bytesOf(entry, values);
    }
  }
  await writePiecesAtomically(path, pieces());
  writeStateBeside(path, state);
}

/** The same of tensors on the host or in an open file, one of which is in memory at a time. */
export function writeCheckpoint(path: string, tensors: NamedTensors, state: CheckpointState): void {
  writeAtomically(path, safetensorsPieces(tensors, stateMetadata(state)));
  writeStateBeside(path, state);
}

const stateMetadata = (state: CheckpointState): Record<string, string> => ({ unfold: JSON.stringify(state) });

/** Where a checkpoint's state is as readable JSON. */
export const stateBeside = (path: string): string => path.replace(/\.safetensors$/, ".json");

/** Writes the readable JSON beside a checkpoint. */
export function writeStateBeside(path: string, state: CheckpointState): void {
  writeAtomically(stateBeside(path), Buffer.from(`${JSON.stringify(state, null, 2)}\n`));
}

/**
 * Opens a checkpoint file, or a run folder's `best.safetensors`: reads its state and checks its header; close it once its tensors
 * are no longer needed. Throws a UserError in one sentence for anything else.
 */
export function loadCheckpoint(given: string): OpenCheckpoint {
  const path = checkpointFile(given);
  let file: SafetensorsFile;
  try {
    file = openSafetensors(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `the checkpoint ${path} cannot be read: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message}`,
    );
  }
  const { tensors, metadata, close } = file;
  try {
    return { path, state: parseState(metadata.unfold, path), tensors, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The state of a checkpoint alone. Throws as `loadCheckpoint` does. */
export function loadState(given: string): CheckpointState {
  const { state, close } = loadCheckpoint(given);
  close();
  return state;
}

/** The file that is meant by a checkpoint's file or a run's folder. */
export const checkpointFile = (given: string): string => (isFolder(given) ? join(given, "best.safetensors") : given);

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
