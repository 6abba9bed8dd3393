import { normaliseText } from "../../model/units/normal_form.ts";

/** One step of an alignment. `ref` is null for an insertion, `hyp` for a deletion. */
export type AlignmentStep =
  | { op: "correct" | "substitution"; ref: string; hyp: string }
  | { op: "deletion"; ref: string; hyp: null }
  | { op: "insertion"; ref: null; hyp: string };

export interface ErrorCounts {
  substitutions: number;
  deletions: number;
  insertions: number;
  /** Words or characters of the reference. */
  references: number;
}

/** The unit counted: words for WER or characters for CER. */
export type ErrorUnit = "word" | "character";

/**
 * Splits a text in its normal form (NFC) into words at white space, or into characters: Unicode code points, including
 * single spaces between words but none at the ends.
 */
export function cutText(text: string, unit: ErrorUnit): string[] {
  const normal = normaliseText(text);
  if (unit === "character") return [...normal];
  return normal === "" ? [] : normal.split(" ");
}

/**
 * Aligns with the fewest errors (Levenshtein distance, every error costs 1). That number is unique, but its split is
 * not ("one two" / "two one": two substitutions, or a deletion and an insertion). Walking back from the end, a match or
 * substitution is preferred wherever it is optimal, then a deletion, then an insertion.
 */
export function align(reference: readonly string[], hypothesis: readonly string[]): AlignmentStep[] {
  const columns = hypothesis.length + 1;
  const cost = new Uint32Array((reference.length + 1) * columns); // [i, j]: errors between the first i and the first j
  const diagonal = (i: number, j: number) =>
    cost[(i - 1) * columns + j - 1]! + (reference[i - 1] === hypothesis[j - 1] ? 0 : 1);
  const above = (i: number, j: number) => cost[(i - 1) * columns + j]! + 1;
  const left = (i: number, j: number) => cost[i * columns + j - 1]! + 1;
  for (let i = 0; i <= reference.length; i++) {
    for (let j = 0; j < columns; j++) {
      cost[i * columns + j] = i === 0 ? j : j === 0 ? i : Math.min(diagonal(i, j), above(i, j), left(i, j));
    }
  }

  const steps: AlignmentStep[] = [];
  let i = reference.length;
  let j = hypothesis.length;
  while (i > 0 || j > 0) {
    const best = cost[i * columns + j]!;
    if (i > 0 && j > 0 && diagonal(i, j) === best) {
      const [ref, hyp] = [reference[--i]!, hypothesis[--j]!];
      steps.push({ op: ref === hyp ? "correct" : "substitution", ref, hyp });
    } else if (i > 0 && above(i, j) === best) {
      steps.push({ op: "deletion", ref: reference[--i]!, hyp: null });
    } else {
      steps.push({ op: "insertion", ref: null, hyp: hypothesis[--j]! });
    }
  }
  return steps.reverse();
}

/** Counts the errors of an alignment. */
export function countErrors(alignment: readonly AlignmentStep[]): ErrorCounts {
  const counts = noErrors();
  for (const { op } of alignment) {
    if (op === "substitution") counts.substitutions++;
    if (op === "deletion") counts.deletions++;
    if (op === "insertion") counts.insertions++;
    else counts.references++;
  }
  return counts;
}

/** Counts the errors between two texts, by words or by characters. */
export function compareTexts(reference: string, hypothesis: string, unit: ErrorUnit): ErrorCounts {
  return countErrors(align(cutText(reference, unit), cutText(hypothesis, unit)));
}

export function noErrors(): ErrorCounts {
  return { substitutions: 0, deletions: 0, insertions: 0, references: 0 };
}

/** Sums the counts of utterances to those of a corpus. */
export function addErrors(all: Iterable<ErrorCounts>): ErrorCounts {
  const sum = noErrors();
  for (const counts of all) {
    sum.substitutions += counts.substitutions;
    sum.deletions += counts.deletions;
    sum.insertions += counts.insertions;
    sum.references += counts.references;
  }
  return sum;
}

/**
 * Errors divided by reference words or characters: a fraction, above 1 if there are many insertions. Without any
 * reference it does not exist: NaN, or infinite if there are errors.
 */
export function errorRate({ substitutions, deletions, insertions, references }: ErrorCounts): number {
  const errors = substitutions + deletions + insertions;
  return errors / references;
}
