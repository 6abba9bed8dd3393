import type { Silence } from "../../checkpoint/state.ts";
import type { DepthScore } from "../../recognition/evaluation/evaluate.ts";
import { formatPercent } from "../../data/text/number_format.ts";

/**
 * A CTC model collapses when it outputs nothing but blanks, the shortest way to a low loss; an attention decoder, when it
 * does not listen and says of every utterance the same. Nearly every model does so early in training; one that stays there
 * learns nothing. So the alarm waits for a second evaluation.
 */
const MOST_BLANK_FRAMES = 0.99;
const MOST_EMPTY_HYPOTHESES = 0.9;
const MOST_EQUAL_TEXTS = 0.9;
const EVALUATIONS = 2;

/** What the check needs to know of an evaluated depth. */
export type DepthOutput = Pick<DepthScore, "depth" | "blankRatio"> & {
  readonly utterances: readonly Pick<DepthScore["utterances"][number], "hypothesis" | "reference">[];
};

/** Which parts of a model are watched. */
export interface Watched {
  /** CTC, which must have a share in the loss: without one, its blanks mean nothing. Left out: true. */
  readonly ctc?: boolean;
  /** A decoder, whose search gives the hypotheses. Left out: they are CTC's. */
  readonly decoder?: boolean;
}

/** A share of frames or hypotheses, and from where on it is a sign of collapse. */
interface Sign {
  readonly share: number;
  readonly most: number;
  readonly of: string;
}

/**
 * The silence after one more evaluation, and a warning for each depth that has now been silent for `EVALUATIONS` in a
 * row.
 */
export function watchCollapse(
  before: Silence,
  scores: readonly DepthOutput[],
  step: number,
  watched: Watched = {},
): { silence: Silence; alarms: string[] } {
  const alarms: string[] = [];
  const what = watched.decoder ? "next to nothing, or always the same," : "next to nothing";
  const silence = scores.flatMap((score): [string, number][] => {
    const { depth } = score;
    const signs = signsOf(score, watched);
    if (!signs.some(({ share, most }) => share > most)) return [];
    const evaluations = (before[depth] ?? 0) + 1;
    if (evaluations === EVALUATIONS)
      alarms.push(
        `at step ${step} depth ${depth} has output ${what} for ${EVALUATIONS} evaluations in a row: ${signs.map(({ share, of }) => `${formatPercent(share, 1)} ${of}`).join(", ")}; ` +
          "early in training this passes, later try a lower optimizer.learning_rate or a longer schedule.warmup_steps, and check that the texts match the audio",
      );
    return [[String(depth), evaluations]];
  });
  return { silence: Object.fromEntries(silence), alarms };
}

function signsOf({ blankRatio, utterances }: DepthOutput, { ctc = true, decoder = false }: Watched): Sign[] {
  const hypotheses = utterances.map(({ hypothesis }) => hypothesis);
  const empty = hypotheses.filter((text) => text === "").length / Math.max(1, hypotheses.length);
  const areDifferent = mostFrequent(utterances.map(({ reference }) => reference)) <= MOST_EQUAL_TEXTS;
  const same = areDifferent ? mostFrequent(hypotheses) : 0;
  return [
    ...(ctc
      ? [{ share: blankRatio, most: MOST_BLANK_FRAMES, of: `of ${decoder ? "CTC's" : "the"} frames are blank` }]
      : []),
    ...(ctc || decoder ? [{ share: empty, most: MOST_EMPTY_HYPOTHESES, of: "of the hypotheses are empty" }] : []),
    ...(decoder ? [{ share: same, most: MOST_EQUAL_TEXTS, of: "of them are the same" }] : []),
  ];
}

/** The share of the most frequent text. */
function mostFrequent(texts: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Math.max(0, ...counts.values()) / Math.max(1, texts.length);
}
