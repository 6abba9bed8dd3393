import { expectSamePlan, inOrderOfItems, type Shared } from "../shares.ts";
import { addErrors } from "./error_rate.ts";
import { withRates, type DepthScore } from "./evaluate.ts";

/** What one of several processes has measured. */
export interface SharedScores extends Shared {
  /** Of its utterances, at each depth; none if it has no utterance. */
  readonly scores: DepthScore[];
  /** Output frames of its utterances, and seconds of their audio. */
  readonly frames: number;
  readonly seconds: number;
}

/**
 * The scores of a set that was shared out: those that one process would have measured. The time is the slowest one's.
 *
 * @throws UserError as `expectSamePlan` does
 */
export function mergeScores(parts: readonly SharedScores[]): DepthScore[] {
  expectSamePlan(parts);
  const busy = parts.filter(({ indices }) => indices.length > 0);
  const [first] = busy as [SharedScores, ...SharedScores[]];
  const total = (of: (part: SharedScores) => number): number => busy.reduce((sum, part) => sum + of(part), 0);
  return first.scores.map(({ depth, realTimeFactor }, i) => {
    const at = ({ scores }: SharedScores): DepthScore => scores[i] as DepthScore;
    const words = addErrors(busy.map((part) => at(part).words));
    const characters = addErrors(busy.map((part) => at(part).characters));
    const blanks = total((part) => Math.round(at(part).blankRatio * part.frames));
    const slowest = Math.max(...busy.map((part) => (at(part).realTimeFactor ?? 0) * part.seconds));
    return {
      depth,
      ...withRates(words, characters),
      blankRatio: blanks / total(({ frames }) => frames),
      realTimeFactor: realTimeFactor === null ? null : slowest / total(({ seconds }) => seconds),
      utterances: inOrderOfItems(busy, (part) => at(part).utterances),
    };
  });
}
