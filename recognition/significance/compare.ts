import { UserError } from "../../engine/errors.ts";
import { pairedBootstrap, type BootstrapOptions, type PairedComparison, type UtteranceErrors } from "./bootstrap.ts";
import { countErrors } from "../evaluation/error_rate.ts";
import type { DepthScore } from "../evaluation/evaluate.ts";

/** A depth of one checkpoint beside a depth of another, or of the same. */
export interface DepthComparison extends PairedComparison {
  readonly depthA: number;
  readonly depthB: number;
}

/** Word errors of each utterance, in their order: what a bootstrap resamples. */
export const utteranceErrors = ({ utterances }: Pick<DepthScore, "utterances">): UtteranceErrors[] =>
  utterances.map(({ alignment }) => {
    const { substitutions, deletions, insertions, references } = countErrors(alignment);
    return { errors: substitutions + deletions + insertions, words: references };
  });

/**
 * Compares word error rates of pairs of depths by a paired bootstrap over the utterances.
 *
 * @param a scores on the same utterances as those of `b`, `a[i]` to be compared with `b[i]`
 * @throws UserError if one of the checkpoints could not use all of these utterances
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
