/**
 * MAPSSWE, the matched pairs sentence segment word error test (Gillick & Cox 1989, "Some statistical issues in the
 * comparison of speech recognition algorithms", ICASSP), as NIST's sc_stats computes it (SCTK 2.4, `mtchprs.c` and
 * `statdist.c`).
 *
 * Errors within a sentence come together, so words are not independent, and sentences are few. Between them are
 * *segments*: stretches with errors of either system, bounded by `minGood` or more words that both systems have right,
 * or by an end of the utterance. Segments that far apart are taken to be independent. With d[i] the errors of A minus
 * those of B in segment i of n,
 *
 *     mean = sum_i d[i] / n
 *     standardDeviation = sqrt(sum_i (d[i] - mean)^2 / (n - 1))
 *     z = mean / (standardDeviation / sqrt(n)),
 *
 * and z is a standard normal variable if both systems are equally good and n is large.
 */
import { twoTailed } from "./normal_tail.ts";
import type { AlignmentStep } from "../evaluation/error_rate.ts";

export interface Mapsswe {
  /** Number of segments, n. */
  readonly segments: number;
  /** Mean over the segments of the errors of A minus those of B: positive if B is better. 0 without segments. */
  readonly mean: number;
  /** Of the same differences; 0 with fewer than two segments. */
  readonly standardDeviation: number;
  /** 0 if the standard deviation is 0, even if A has one error more in every segment, as in sc_stats. */
  readonly z: number;
  /**
   * Two-tailed: the probability of a z at least as far from 0 if both systems are equally good. Of |z| rounded down to
   * hundredths, as sc_stats looks it up in a table: never too small, and by at most 0.008 too large.
   */
  readonly p: number;
}

/** Number of words in a row that both systems must have right to end a segment; that of sc_stats. */
const MIN_GOOD = 2;

type Alignment = readonly AlignmentStep[];

/**
 * Compares two systems on the same utterances, in the same order.
 *
 * @param a alignments of system A with the references, `[utterances][steps]`; `alignAsSclite` makes those of sclite
 * @param b those of system B
 * @throws RangeError if the numbers of utterances, or the reference words of one, differ
 */
export function mapsswe(a: readonly Alignment[], b: readonly Alignment[], minGood: number = MIN_GOOD): Mapsswe {
  if (a.length !== b.length)
    throw new RangeError(`mapsswe: a has ${a.length} utterances, b has ${b.length}, expected the same`);
  return statistic(a.flatMap((alignment, u) => segmentDifferences(alignment, b[u] as Alignment, u, minGood)));
}

/** Errors of A minus those of B in each segment of an utterance. */
function segmentDifferences(
  alignmentA: Alignment,
  alignmentB: Alignment,
  utterance: number,
  minGood: number,
): number[] {
  const [a, b] = [errorsByWord(alignmentA), errorsByWord(alignmentB)];
  if (a.words.length !== b.words.length || a.words.some((word, i) => word !== b.words[i]))
    throw new RangeError(
      `mapsswe: utterance ${utterance} has the reference '${a.words.join(" ")}' in a and '${b.words.join(" ")}' in b, expected the same`,
    );
  const differences: number[] = [];
  let difference = 0;
  let open = false; // whether there was an error since the last segment
  let good = 0;
  const err = (errorsA: number, errorsB: number): void => {
    if (errorsA + errorsB === 0) return;
    difference += errorsA - errorsB;
    open = true;
    good = 0;
  };
  const close = (): void => {
    if (open) differences.push(difference);
    difference = 0;
    open = false;
  };
  for (let i = 0; i < a.words.length; i++) {
    err(a.inserted[i]!, b.inserted[i]!);
    err(a.wrong[i]!, b.wrong[i]!);
    if (a.wrong[i]! + b.wrong[i]! === 0 && ++good >= minGood) close();
  }
  err(a.inserted.at(-1)!, b.inserted.at(-1)!);
  close();
  return differences;
}

/** An alignment in terms of its reference words, which two systems share. */
interface ErrorsByWord {
  readonly words: string[];
  /** 1 for each word that is deleted or substituted, `[words]`. */
  readonly wrong: number[];
  /** Insertions before each word, and those after the last, `[words + 1]`. */
  readonly inserted: number[];
}

function errorsByWord(alignment: Alignment): ErrorsByWord {
  const result: ErrorsByWord = { words: [], wrong: [], inserted: [0] };
  for (const step of alignment) {
    if (step.op === "insertion") {
      result.inserted[result.words.length]!++;
    } else {
      result.words.push(step.ref);
      result.wrong.push(step.op === "correct" ? 0 : 1);
      result.inserted.push(0);
    }
  }
  return result;
}

function statistic(differences: readonly number[]): Mapsswe {
  const segments = differences.length;
  const mean = segments === 0 ? 0 : differences.reduce((sum, d) => sum + d, 0) / segments;
  const squares = differences.reduce((sum, d) => sum + (d - mean) * (d - mean), 0);
  if (squares === 0) return { segments, mean, standardDeviation: 0, z: 0, p: 1 };
  const standardDeviation = Math.sqrt(squares / (segments - 1));
  const z = mean / (standardDeviation / Math.sqrt(segments));
  return { segments, mean, standardDeviation, z, p: twoTailed(hundredthsBelow(Math.abs(z))) };
}

/** The largest multiple of 0.01 up to z, which the product alone can miss: 100 * 0.29 is below 29. */
function hundredthsBelow(z: number): number {
  const below = Math.floor(100 * z);
  return (below + 1) / 100 <= z ? (below + 1) / 100 : below / 100;
}
