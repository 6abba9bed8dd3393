import { UserError } from "../../engine/errors.ts";
import { align, cutText, type AlignmentStep } from "../../recognition/evaluation/error_rate.ts";
import { alignAsSclite } from "../../recognition/evaluation/sclite_alignment.ts";
import type { UtteranceErrors } from "../../recognition/significance/bootstrap.ts";
import { utteranceErrors } from "../../recognition/significance/compare.ts";
import { runName } from "./plan.ts";
import type { RunResult } from "./results.ts";

type Align = (reference: readonly string[], hypothesis: readonly string[]) => AlignmentStep[];

/** Word errors of each utterance of a test set at one depth, in order. */
export const errorsOf = (run: RunResult, set: string, depth: number): UtteranceErrors[] =>
  utteranceErrors({ utterances: alignmentsOf(run, set, depth, align).map((alignment) => ({ alignment })) });

/** The same utterances aligned as sclite does, for MAPSSWE. */
export const scliteAlignments = (run: RunResult, set: string, depth: number): AlignmentStep[][] =>
  alignmentsOf(run, set, depth, alignAsSclite);

/** Missing texts must not count as no errors, so they throw. */
function alignmentsOf({ row, seed, sets }: RunResult, set: string, depth: number, by: Align): AlignmentStep[][] {
  const { references = [], hypotheses = {} } = sets[set] ?? {};
  return references.map((reference, i) => {
    const hypothesis = hypotheses[depth]?.[i];
    if (hypothesis === undefined)
      throw new UserError(
        `the result of ${runName(row, seed)} lacks texts at depth ${depth} on ${set}; delete its file in results/ to train the run again`,
      );
    return by(cutText(reference, "word"), cutText(hypothesis, "word"));
  });
}

/** Every utterance with its errors and words summed over runs: the rate is then the mean of the runs' rates. */
export function pooled(runs: readonly RunResult[], set: string, depth: number): UtteranceErrors[] {
  const [first = [], ...others] = runs.map((run) => errorsOf(run, set, depth));
  return first.map(({ errors, words }, i) => ({
    words: runs.length * words,
    errors: others.reduce((sum, run) => sum + run[i]!.errors, errors),
  }));
}

/** Errors by reference words. */
export const rateOf = (utterances: readonly UtteranceErrors[]): number =>
  utterances.reduce((sum, { errors }) => sum + errors, 0) / utterances.reduce((sum, { words }) => sum + words, 0);
