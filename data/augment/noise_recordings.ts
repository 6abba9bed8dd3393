import { UserError } from "../../engine/errors.ts";
import type { FeatureSource } from "../features/feature_source.ts";
import { pieceOf, readManifest, type ManifestEntry } from "../manifest/manifest.ts";
import { inOrder } from "../features/workers/in_order.ts";
import type { AudioPart } from "../features/workers/request.ts";

/** A noise recording that may be added to utterances. */
export interface NoiseRecording extends AudioPart {
  readonly id: string;
  /** Length in samples at the front end's rate. */
  readonly samples: number;
}

/**
 * Reads a noise manifest and each of its recordings (or finds them in the feature cache), so that a broken one is
 * detected before training.
 *
 * @param onProgress called after each recording
 * @param onRemark   told what reading a file had to decide or leave out, one sentence each
 * @throws UserError naming the manifest line that is invalid or whose audio cannot be read
 */
export async function readNoises(
  manifest: string,
  source: FeatureSource,
  onProgress: (done: number, total: number) => void,
  onRemark: (remark: string) => void = () => undefined,
): Promise<NoiseRecording[]> {
  const { entries } = await readManifest(manifest, { texts: false });
  const read = async (entry: ManifestEntry): Promise<NoiseRecording> => {
    const part = { path: entry.audioPath, piece: pieceOf(entry) };
    try {
      const { samples, remarks } = await source.get({ ...part, want: { values: false, statistics: false } });
      for (const remark of remarks) onRemark(`${entry.audioPath}: ${remark}`);
      return { ...part, id: entry.id, samples };
    } catch (error) {
      throw error instanceof UserError ? new UserError(`${entry.source}: ${error.message}`, { cause: error }) : error;
    }
  };
  const recordings: NoiseRecording[] = [];
  for await (const recording of inOrder(entries, source.ahead, read)) {
    recordings.push(recording);
    onProgress(recordings.length, entries.length);
  }
  return recordings;
}
