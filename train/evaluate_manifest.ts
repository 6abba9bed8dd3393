import type { Device } from "../engine/device.ts";
import { subsampledLength } from "../model/subsampling.ts";
import type { Recognizer } from "./build_model.ts";
import { loadDataset } from "./data/dataset.ts";
import type { Manifest } from "./data/manifest.ts";
import { dataWarnings } from "./data/warnings.ts";
import type { DepthPath } from "./depths.ts";
import { evaluate, type DepthScore } from "./evaluate.ts";
import { openFusion, type LanguageModelSettings } from "./language_model.ts";
import type { RunObserver } from "./run_observer.ts";

/** How an evaluation decodes: as a config's section `eval` says it, or options of the command line. */
export interface DecodingSettings {
  /** Width of the prefix beam search; greedy without it. */
  readonly beam: number | null;
  readonly lm: LanguageModelSettings | null;
}

/**
 * Error rates of a checkpoint on a manifest's utterances, each depth timed by itself.
 *
 * @throws UserError for audio or a language model that cannot be read
 */
export async function evaluateManifest(
  device: Device,
  { model, units, fbank, cmvn }: Recognizer,
  manifest: Manifest,
  paths: readonly DepthPath[],
  settings: DecodingSettings,
  observer: RunObserver,
): Promise<DepthScore[]> {
  const fusion = await openFusion(settings.lm, units);
  const reading = observer.task("reading audio", manifest.entries.length);
  const set = await loadDataset(manifest.entries, { fbank, cmvn, units: null, outputFrames: subsampledLength, onProgress: reading.update }).finally(reading.stop);
  for (const warning of dataWarnings(manifest, set, units)) observer.message(`warning: ${warning}`);
  const decoding = observer.task("recognising", set.utterances.length * paths.length);
  const options = { beam: settings.beam, fusion, timed: true, onProgress: decoding.update };
  return evaluate(device, model, set.utterances, paths, units, options).finally(decoding.stop);
}
