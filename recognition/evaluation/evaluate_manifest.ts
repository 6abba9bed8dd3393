import type { Device } from "../../engine/device.ts";
import { withoutDecoder, type DecoderSearch } from "../decoder_search.ts";
import type { Recogniser } from "../recogniser.ts";
import { loadDataset, type Utterance } from "../../data/dataset.ts";
import type { Manifest } from "../../data/manifest/manifest.ts";
import { openFinishedSource } from "../../data/features/open_feature_source.ts";
import { dataWarnings } from "../../data/warnings.ts";
import type { DepthPath } from "../../config/depths.ts";
import type { ChosenPaths } from "./choose_paths.ts";
import { evaluate, type DepthScore } from "./evaluate.ts";
import type { SharedScores } from "./merge_scores.ts";
import { evaluateSpread, type PathSpread } from "./path_spread.ts";
import { ownItems, wholeSet, type Place } from "../shares.ts";
import type { LanguageModelSettings } from "../language_model.ts";
import { openSearch } from "../threads/open_search.ts";
import type { Observer } from "../../data/observer.ts";

/** How an evaluation decodes, from a config's `eval` section or command-line options. */
export interface DecodingSettings {
  /** Width of the prefix beam search; null for greedy decoding. */
  readonly beam: number | null;
  readonly lm: LanguageModelSettings | null;
  /** How a decoder takes part; left out, CTC decodes alone. */
  readonly decoding?: DecoderSearch | undefined;
}

/** Most utterances that are recognised together. */
const BATCH_SIZE = 16;

/**
 * Measures a checkpoint's error rates on a manifest's utterances. Features come from threads and the cache of the
 * checkpoint's config, as in training.
 *
 * @param timed times each path separately; without, paths share what they can
 * @throws UserError if audio or a language model cannot be read
 */
export async function evaluateManifest(
  device: Device,
  recogniser: Recogniser,
  manifest: Manifest,
  paths: readonly DepthPath[],
  settings: DecodingSettings,
  observer: Observer,
  timed = true,
): Promise<DepthScore[]> {
  return (await evaluateManifestAndPaths(device, recogniser, manifest, paths, [], settings, observer, { timed }))
    .scores;
}

export interface EvaluateSetOptions {
  /** Time each path separately, as by default; otherwise paths share what they can. */
  readonly timed?: boolean;
  /** Which part of the utterances to recognise; all of them by default. */
  readonly place?: Place;
}

/**
 * The same, of all utterances or of one process's share, and how the word error rate varies over the chosen paths of each depth; the audio
 * is read once. Without `paths` there are no scores.
 *
 * @throws UserError as `evaluateManifest` does
 */
export async function evaluateManifestAndPaths(
  device: Device,
  { model, units, cmvn, config, checkpoint }: Recogniser,
  manifest: Manifest,
  paths: readonly DepthPath[],
  chosen: readonly ChosenPaths[],
  settings: DecodingSettings,
  observer: Observer,
  { timed = true, place = wholeSet }: EvaluateSetOptions = {},
): Promise<SharedScores & { spreads: PathSpread[] }> {
  const { decoding: decoder } = settings;
  if (decoder && !model.decoder) throw withoutDecoder(decoder.kind, checkpoint.path);
  const warn = (message: string): void => observer.message(`warning: ${message}`);
  const search = await openSearch(device, settings, units, undefined, warn);
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
    const plan = set.utterances.map(({ frames }) => frames);
    const indices = ownItems(plan, BATCH_SIZE, model, place);
    const utterances = indices.map((i) => set.utterances[i] as Utterance);
    const share = {
      plan,
      indices,
      frames: utterances.reduce((sum, { frames }) => sum + model.outputFrames(frames), 0),
      seconds: utterances.reduce((sum, { seconds }) => sum + seconds, 0),
    };
    if (utterances.length === 0) return { ...share, scores: [], spreads: [] };
    const options = { ...search.options, decoding: decoder, batchSize: BATCH_SIZE };
    let scores: DepthScore[] = [];
    if (paths.length > 0) {
      const decoding = observer.task("recognising", utterances.length * (timed ? paths.length : 1));
      scores = await evaluate(device, model, utterances, paths, units, {
        ...options,
        timed,
        onProgress: decoding.update,
      }).finally(decoding.stop);
    }
    if (chosen.length === 0) return { ...share, scores, spreads: [] };
    const count = chosen.reduce((sum, { schedules }) => sum + schedules.length, 0);
    const along = observer.task(`recognising along ${count} paths`, utterances.length * count);
    const spreads = await evaluateSpread(device, model, utterances, chosen, units, {
      ...options,
      onProgress: along.update,
    }).finally(along.stop);
    return { ...share, scores, spreads };
  } finally {
    search.close();
    source.close();
  }
}
