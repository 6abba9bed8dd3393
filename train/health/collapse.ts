import type { Silence } from "../../checkpoint/state.ts";
import type { DepthScore } from "../../recognition/evaluation/evaluate.ts";
import { formatPercent } from "../../data/text/number_format.ts";

/**
 * A CTC model collapses when it outputs nothing but blanks, the shortest way to a low loss. Nearly every model does so
 * early in training; one that stays there learns nothing. So the alarm waits for a second evaluation.
 */
const MOST_BLANK_FRAMES = 0.99;
const MOST_EMPTY_HYPOTHESES = 0.9;
const EVALUATIONS = 2;

/** What the check needs to know of an evaluated depth. */
export type DepthOutput = Pick<DepthScore, "depth" | "blankRatio"> & {
  readonly utterances: readonly { readonly hypothesis: string }[];
};

/**
 * The silence after one more evaluation, and a warning for each depth that has now been silent for `EVALUATIONS` in a
 * row.
 */
export function watchCollapse(
  before: Silence,
  scores: readonly DepthOutput[],
  step: number,
): { silence: Silence; alarms: string[] } {
  const alarms: string[] = [];
  const silence = scores.flatMap(({ depth, blankRatio, utterances }): [string, number][] => {
    const empty = utterances.filter(({ hypothesis }) => hypothesis === "").length / Math.max(1, utterances.length);
    if (blankRatio <= MOST_BLANK_FRAMES && empty <= MOST_EMPTY_HYPOTHESES) return [];
    const evaluations = (before[depth] ?? 0) + 1;
    if (evaluations === EVALUATIONS)
      alarms.push(
        `at step ${step} depth ${depth} has output next to nothing for ${EVALUATIONS} evaluations in a row: ${formatPercent(blankRatio, 1)} of the frames are blank, ` +
          `${formatPercent(empty, 1)} of the hypotheses are empty; early in training this passes, later try a lower optimizer.learning_rate or a longer schedule.warmup_steps, ` +
          "and check that the texts match the audio",
      );
    return [[String(depth), evaluations]];
  });
  return { silence: Object.fromEntries(silence), alarms };
}
