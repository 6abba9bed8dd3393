import type { Device } from "../../engine/device.ts";
import { withoutDecoder, type DecoderSearch } from "../decoder_search.ts";
import type { Recogniser } from "../recogniser.ts";
import { loadDataset } from "../../data/dataset.ts";
import type { Manifest } from "../../data/manifest/manifest.ts";
import { openFinishedSource } from "../../data/features/open_feature_source.ts";
import { dataWarnings } from "../../data/warnings.ts";
import type { DepthPath } from "../../config/depths.ts";
import { evaluate, type DepthScore } from "./evaluate.ts";
import { openFusion, type LanguageModelSettings } from "../language_model.ts";
import type { Observer } from "../../data/observer.ts";

/** How an evaluation decodes, from a config's `eval` section or command-line options. */
export interface DecodingSettings {
  /** Width of the prefix beam search; null for greedy decoding. */
  readonly beam: number | null;
  readonly lm: LanguageModelSettings | null;
  /** How a decoder takes part; left out, CTC decodes alone. */
  readonly decoding?: DecoderSearch | undefined;
}

/**
 * Measures a checkpoint's error rates on a manifest's utterances. Features come from threads and the cache of the
 * checkpoint's config, as in training.
 *
 * @param timed times each path separately; without, paths share what they can
 * @throws UserError if audio or a language model cannot be read
 */
export async function evaluateManifest(
  device: Device,
  { model, units, cmvn, config, checkpoint }: Recogniser,
  manifest: Manifest,
  paths: readonly DepthPath[],
  settings: DecodingSettings,
  observer: Observer,
  timed = true,
): Promise<DepthScore[]> {
  const { decoding: search, beam } = settings;
  if (search && !model.decoder) throw withoutDecoder(search.kind, checkpoint.path);
  const fusion = await openFusion(settings.lm, units);
  const warn = (message: string): void => observer.message(`warning: ${message}`);
  const source = openFinishedSource(config, warn, { keep: true });
  try {
    const reading = observer.task("reading audio", manifest.entries.length);
    const set = await loadDataset(manifest.entries, {
      frontEnd: source.frontEnd,
      source,
      cmvn,
      units: null,
      outputFrames: (frames) => model.outputFrames(frames),
      onProgress: reading.update,
    }).finally(reading.stop);
    dataWarnings(manifest, set, units).forEach(warn);
    const decoding = observer.task("recognising", set.utterances.length * (timed ? paths.length : 1));
    const options = { beam, fusion, decoding: search, timed, onProgress: decoding.update };
    return await evaluate(device, model, set.utterances, paths, units, options).finally(decoding.stop);
  } finally {
    source.close();
  }
}
