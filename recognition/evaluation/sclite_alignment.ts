import type { AlignmentStep } from "./error_rate.ts";

/** Costs of NIST's sclite: a substitution is dearer than a deletion or an insertion, but cheaper than both together. */
const GAP = 3;
const SUBSTITUTION = 4;

/**
 * Aligns words as NIST's sclite does (SCTK 2.4, dynamic programming on words; `word.c` has the costs and `net_dp.c` the
 * order among equals): the path of least
 *
 *     4 substitutions + 3 deletions + 3 insertions.
 *
 * Among paths of equal cost, the last step is a match or substitution if any best path ends with one, else an insertion,
 * else a deletion; and so on towards the front.
 *
 * These are not always the fewest errors, which `align` finds: three insertions and three deletions (18) that let a
 * word match cost less than five substitutions (20). sclite's total is thus never below that of the word error rate, and
 * is seldom above it; its split differs more often. It is used where a figure has to be sclite's.
 *
 * Words are equal if all their characters are, as with sclite's option `-s`.
 *
 * @param reference words, `[references]`
 * @param hypothesis words, `[hypotheses]`
 */
export function alignAsSclite(reference: readonly string[], hypothesis: readonly string[]): AlignmentStep[] {
  const columns = hypothesis.length + 1;
  const cost = new Uint32Array((reference.length + 1) * columns); // [i, j]: of the first i words and the first j
  const steps = new Uint8Array(cost.length); // the last step of the path to [i, j]
  for (let i = 0; i <= reference.length; i++) {
    for (let j = i === 0 ? 1 : 0; j < columns; j++) {
      const at = i * columns + j;
      const same = reference[i - 1] === hypothesis[j - 1];
      const paired = i > 0 && j > 0 ? cost[at - columns - 1]! + (same ? 0 : SUBSTITUTION) : Infinity;
      const deleted = i > 0 ? cost[at - columns]! + GAP : Infinity;
      const inserted = j > 0 ? cost[at - 1]! + GAP : Infinity;
      cost[at] = Math.min(paired, deleted, inserted);
      steps[at] = paired === cost[at] ? PAIR : inserted === cost[at] ? INSERT : DELETE;
    }
  }
  return walkBack(reference, hypothesis, steps);
}

const PAIR = 0;
const DELETE = 1;
const INSERT = 2;

/** Follows the chosen last steps `[references + 1, hypotheses + 1]` from the ends of both texts. */
function walkBack(reference: readonly string[], hypothesis: readonly string[], steps: Uint8Array): AlignmentStep[] {
  const alignment: AlignmentStep[] = [];
  let [i, j] = [reference.length, hypothesis.length];
  while (i > 0 || j > 0) {
    const step = steps[i * (hypothesis.length + 1) + j];
    if (step === INSERT) {
      alignment.push({ op: "insertion", ref: null, hyp: hypothesis[--j]! });
    } else if (step === DELETE) {
      alignment.push({ op: "deletion", ref: reference[--i]!, hyp: null });
    } else {
      const [ref, hyp] = [reference[--i]!, hypothesis[--j]!];
      alignment.push({ op: ref === hyp ? "correct" : "substitution", ref, hyp });
    }
  }
  return alignment.reverse();
}
