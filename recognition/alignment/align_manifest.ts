import type { Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import type { Recogniser } from "../recogniser.ts";
import { loadDataset } from "../../data/dataset.ts";
import type { Manifest } from "../../data/manifest/manifest.ts";
import { openFinishedSource } from "../../data/features/open_feature_source.ts";
import { dataWarnings } from "../../data/warnings.ts";
import type { DepthPath } from "../../config/depths.ts";
import type { Observer } from "../../data/observer.ts";
import { alignUtterances, type AlignedUtterance } from "./align.ts";
import { expectDistinctNames } from "./alignment_files.ts";

/**
 * Aligns a manifest's utterances with their texts. Those whose audio is too short for their text, or whose text has a
 * character that is not a unit, are named and left out. Features come from threads and the cache, as in training.
 *
 * @throws UserError for duplicate utterance names, audio that cannot be read, or if no utterance is left; RunError if
 *   all texts have probability 0
 */
export async function alignManifest(
  device: Device,
  recogniser: Recogniser,
  manifest: Manifest,
  path: DepthPath,
  observer: Observer,
): Promise<AlignedUtterance[]> {
  expectDistinctNames(manifest.entries);
  const { config, cmvn, units, model } = recogniser;
  const warn = (message: string): void => observer.message(`warning: ${message}`);
  const source = openFinishedSource(config, warn, { keep: true });
  try {
    const reading = observer.task("reading audio", manifest.entries.length);
    const options = {
      frontEnd: source.frontEnd,
      source,
      cmvn,
      units,
      outputFrames: (frames: number) => model.outputFrames(frames),
      skipUnencodable: true,
    };
    const set = await loadDataset(manifest.entries, { ...options, onProgress: reading.update }).finally(reading.stop);
    dataWarnings(manifest, set, units).forEach(warn);

    const task = observer.task("aligning", set.utterances.length);
    const found = await alignUtterances(device, recogniser, set.utterances, path, { onProgress: task.update }).finally(
      task.stop,
    );
    const impossible = set.utterances.filter((_, i) => found[i] === null).map(({ id }) => id);
    if (impossible.length === found.length)
      throw new RunError(
        `none of the ${found.length} texts can be aligned: the model gives each of them probability 0`,
      );
    if (impossible.length > 0)
      warn(`the model gives probability 0 to the texts of ${impossible.join(", ")}, which are left out`);
    return found.filter((utterance) => utterance !== null);
  } finally {
    source.close();
  }
}
