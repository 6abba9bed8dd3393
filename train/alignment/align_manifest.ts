import type { Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { subsampledLength } from "../../model/subsampling.ts";
import type { Recognizer } from "../build_model.ts";
import { loadDataset } from "../data/dataset.ts";
import type { Manifest } from "../data/manifest.ts";
import { dataWarnings } from "../data/warnings.ts";
import type { DepthPath } from "../depths.ts";
import type { RunObserver } from "../run_observer.ts";
import { alignUtterances, type AlignedUtterance } from "./align.ts";
import { expectNames } from "./alignment_files.ts";

/**
 * Aligns a manifest's utterances with their texts. Those whose audio is too short for their text are named and left out.
 *
 * @throws UserError for two utterances of one name, a text with a character that is no unit, audio that cannot be read, or if
 *   no utterance is long enough for its text; RunError if the model thinks all texts impossible
 */
export async function alignManifest(device: Device, recognizer: Recognizer, manifest: Manifest, path: DepthPath, observer: RunObserver): Promise<AlignedUtterance[]> {
  expectNames(manifest.entries);
  const { fbank, cmvn, units } = recognizer;
  const reading = observer.task("reading audio", manifest.entries.length);
  const set = await loadDataset(manifest.entries, { fbank, cmvn, units, outputFrames: subsampledLength, onProgress: reading.update }).finally(reading.stop);
  for (const warning of dataWarnings(manifest, set, units)) observer.message(`warning: ${warning}`);

  const task = observer.task("aligning", set.utterances.length);
  const found = await alignUtterances(device, recognizer, set.utterances, path, { onProgress: task.update }).finally(task.stop);
  const impossible = set.utterances.filter((_, i) => found[i] === null).map(({ id }) => id);
  if (impossible.length === found.length) throw new RunError(`none of the ${found.length} texts can be aligned: the model gives all of them the probability 0`);
  if (impossible.length > 0) observer.message(`warning: the model gives the probability 0 to the texts of ${impossible.join(", ")}, which are left out`);
  return found.filter((utterance) => utterance !== null);
}
