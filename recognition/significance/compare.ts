import { UserError } from "../../engine/errors.ts";
import { pairedBootstrap, type BootstrapOptions, type PairedComparison, type UtteranceErrors } from "./bootstrap.ts";
import { countErrors, cutText, type AlignmentStep } from "../evaluation/error_rate.ts";
import { alignAsSclite } from "../evaluation/sclite_alignment.ts";
import { mapsswe, type Mapsswe } from "./mapsswe.ts";
import type { DepthScore, ScoredUtterance } from "../evaluation/evaluate.ts";
import type { Device } from "../../engine/device.ts";
import { scheduleOf, evaluatedPaths } from "../../config/depths.ts";
import type { Recogniser } from "../recogniser.ts";
import type { Manifest } from "../../data/manifest/manifest.ts";
import { evaluateManifest, type DecodingSettings } from "../evaluation/evaluate_manifest.ts";
import type { Observer } from "../../data/observer.ts";

/** Comparison of a depth of one checkpoint with a depth of another, or of the same. */
export interface DepthComparison extends PairedComparison {
  readonly depthA: number;
  readonly depthB: number;
  /** On sclite's alignments, so that it is what sc_stats finds in the depths' trn files. */
  readonly mapsswe: Mapsswe;
}

/** Word errors of each utterance, in order, for the bootstrap. */
export const utteranceErrors = ({
  utterances,
}: {
  readonly utterances: readonly Pick<ScoredUtterance, "alignment">[];
}): UtteranceErrors[] =>
  utterances.map(({ alignment }) => {
    const { substitutions, deletions, insertions, references } = countErrors(alignment);
    return { errors: substitutions + deletions + insertions, words: references };
  });

/** Words of each utterance aligned as sclite does, in order, for MAPSSWE. */
const scliteAlignments = ({ utterances }: DepthScore): AlignmentStep[][] =>
  utterances.map(({ reference, hypothesis }) => alignAsSclite(cutText(reference, "word"), cutText(hypothesis, "word")));

/**
 * Compares word error rates of pairs of depths by a paired bootstrap over the utterances, and by MAPSSWE.
 *
 * @param a scores on the same utterances as `b`; `a[i]` is compared with `b[i]`
 * @throws UserError if one checkpoint could not use all of these utterances
 */
export function compareDepths(
  a: readonly DepthScore[],
  b: readonly DepthScore[],
  options: BootstrapOptions = {},
): DepthComparison[] {
  return a.map((scoreA, i) => {
    const scoreB = b[i] as DepthScore;
    expectSameUtterances(scoreA, scoreB);
    return {
      depthA: scoreA.depth,
      depthB: scoreB.depth,
      ...pairedBootstrap(utteranceErrors(scoreA), utteranceErrors(scoreB), options),
      mapsswe: mapsswe(scliteAlignments(scoreA), scliteAlignments(scoreB)),
    };
  });
}

function expectSameUtterances({ utterances: a }: DepthScore, { utterances: b }: DepthScore): void {
  const other = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find((i) => a[i]?.id !== b[i]?.id);
  if (other === undefined) return;
  const { id } = (a.length > b.length ? a[other] : b[other]) as { id: string };
  throw new UserError(
    `the checkpoints cannot be compared on the same utterances: the audio of ${id} is long enough for one of them only`,
  );
}

/** The pairs of depths to compare: given ones, or all that both have. */
export interface DepthChoice {
  readonly depths?: readonly number[] | undefined;
  readonly depthA?: number | undefined;
  readonly depthB?: number | undefined;
}

/**
 * The depths of A and B to compare, in pairs: those of `depths`; or one pair, in which a missing depth is the deepest
 * of its checkpoint; or, by default, those that both configs evaluate.
 *
 * @param ofA depths that A's config evaluates, the deepest last
 * @throws UserError if the choice contradicts itself, or the checkpoints have no depth in common
 */
export function pairDepths(
  ofA: readonly number[],
  ofB: readonly number[],
  { depths, depthA, depthB }: DepthChoice,
): { a: number[]; b: number[] } {
  if (depthA !== undefined || depthB !== undefined) {
    if (depths) throw new UserError("--depths cannot be given together with --depth-a or --depth-b");
    return { a: [depthA ?? (ofA.at(-1) as number)], b: [depthB ?? (ofB.at(-1) as number)] };
  }
  const common = depths ?? ofA.filter((depth) => ofB.includes(depth));
  if (common.length === 0)
    throw new UserError(
      `the checkpoints have no depth in common (${ofA.join(", ")} and ${ofB.join(", ")}); choose one of each with --depth-a and --depth-b`,
    );
  return { a: [...common], b: [...common] };
}

/**
 * Evaluates two checkpoints on the same utterances, decoded in the same way, and compares their depths.
 *
 * @throws UserError for depths that do not exist, and as `evaluateManifest` does
 */
export async function compareCheckpoints(
  device: Device,
  a: Recogniser,
  b: Recogniser,
  manifest: Manifest,
  choice: DepthChoice,
  settings: DecodingSettings,
  observer: Observer,
): Promise<DepthComparison[]> {
  const evaluated = ({ config }: Recogniser): number[] => evaluatedPaths(config).map(({ depth }) => depth);
  const depths = pairDepths(evaluated(a), evaluated(b), choice);
  const paths = ({ config }: Recogniser, chosen: readonly number[]) =>
    chosen.map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));
  const [pathsA, pathsB] = [paths(a, depths.a), paths(b, depths.b)];
  const scores: DepthScore[][] = [];
  for (const [recogniser, chosen] of [
    [a, pathsA],
    [b, pathsB],
  ] as const)
    scores.push(await evaluateManifest(device, recogniser, manifest, chosen, settings, observer));
  return compareDepths(scores[0] as DepthScore[], scores[1] as DepthScore[]);
}
