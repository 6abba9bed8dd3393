import { UserError } from "../../engine/errors.ts";
import { bootstrapInterval, pairedBootstrap, type Interval } from "../../recognition/significance/bootstrap.ts";
import type { ModelSize } from "../../model/parameter_counts.ts";
import { oneSampleT } from "./student_t.ts";
import type { Experiment, Row } from "./config.ts";
import { againstBaseline, type BaselineTest } from "./baseline.ts";
import { pooled, rateOf } from "./errors_of.ts";
import { resultFile, type RowDepth, type RunResult } from "./results.ts";
import { spreadsOf, type SpreadSummary } from "./spreads.ts";
import { runName } from "./plan.ts";
import type { StepMemory } from "./timed_row.ts";
import type { Times } from "./times.ts";

/** Word error rate of one row at one depth on one test set. */
export interface ErrorSummary {
  readonly set: string;
  /** Over all seeds, with the 95 % interval of a bootstrap over utterances: what another test set would change. */
  readonly wer: Interval;
  /** Of each seed, and their standard deviation (n - 1; null for one seed): what other initial weights would change. */
  readonly bySeed: readonly number[];
  readonly deviation: number | null;
  /** Reference words in the set. */
  readonly words: number;
}

/** One line of the table: a row at one depth. It belongs to the row's group only if the row was trained at that depth. */
export interface SummaryLine {
  readonly row: string;
  readonly title: string;
  readonly group: string;
  readonly groupTitle: string;
  readonly depth: number;
  readonly seeds: readonly number[];
  readonly errors: readonly ErrorSummary[];
  /** Parameters this depth loads. */
  readonly parameters: ModelSize;
  /** Of the row's whole checkpoint, without optimizer state. */
  readonly checkpointBytes: number;
  readonly steps: number;
  readonly epochs: number;
  /** Of a training step of the row; null if not yet measured. */
  readonly memory: StepMemory | null;
  readonly stepMs: number | null;
  readonly realTimeFactor: number | null;
}

/** Two rows at the same depth on the same test set, with the seeds that both have. */
export interface SummaryComparison {
  readonly a: string;
  readonly b: string;
  readonly depth: number;
  readonly set: string;
  readonly seeds: readonly number[];
  /** WER of `a` minus that of `b`: below 0, `a` is better. */
  readonly difference: Interval;
  /** The same for each seed: whether other initial weights would reverse it. */
  readonly bySeed: readonly number[];
  /** Two-sided, for "these models are equally good": a paired bootstrap over utterances. */
  readonly pValue: number;
  /**
   * Two-sided, for "both are equally good, whatever the seed": Student's t-test of the seeds' differences; null for one
   * seed.
   */
  readonly pSeeds: number | null;
}

export interface Summary {
  readonly lines: readonly SummaryLine[];
  readonly comparisons: readonly SummaryComparison[];
  /** Every line against the baseline, if the experiment names one. */
  readonly baseline: (RowDepth & { readonly tests: readonly BaselineTest[] }) | null;
  /** How error rates vary over the paths of a depth, where they were tested. */
  readonly spreads: readonly SpreadSummary[];
  /** How times were measured, or null. */
  readonly times: Omit<Times, "rows" | "format"> | null;
}

/**
 * Summarises the results: error rates with intervals, and tests of the differences that the experiment asks for. The
 * bootstrap draws utterances, each with its errors for all seeds; it knows nothing of seeds that were not run.
 *
 * @throws UserError naming a result whose utterances differ from the others'
 */
export function summarise(
  experiment: Experiment,
  out: string,
  results: readonly RunResult[],
  times: Times | undefined,
): Summary {
  expectSameUtterances(out, results);
  const ofRow = (row: Row): RunResult[] => results.filter((result) => result.row === row.name);
  const lines = experiment.rows.flatMap((row) => linesOf(row, ofRow(row), times?.rows[row.name]));
  const comparisons = experiment.compare.flatMap(([a, b]) => compare(a, b, lines, results));
  const { adapter, rounds, batch } = times ?? {};
  return {
    lines,
    comparisons,
    baseline: experiment.baseline
      ? { ...experiment.baseline, tests: againstBaseline(lines, results, experiment.baseline) }
      : null,
    spreads: spreadsOf(lines, results),
    times: times ? { adapter: adapter!, rounds: rounds!, batch: batch! } : null,
  };
}

function linesOf(
  { name, title, group, groupTitle }: Row,
  runs: readonly RunResult[],
  timed: Times["rows"][string] | undefined,
): SummaryLine[] {
  const [first] = runs;
  if (!first) return [];
  return first.depths.map(({ depth, parameters, trained }) => ({
    row: name,
    title,
    ...(trained ? { group, groupTitle } : { group: name, groupTitle: title }),
    depth,
    seeds: runs.map(({ seed }) => seed),
    errors: Object.keys(first.sets).map((set) => errorsOf(set, runs, depth)),
    parameters,
    checkpointBytes: first.checkpointBytes,
    steps: first.steps,
    epochs: first.epochs,
    memory: timed?.memory ?? null,
    stepMs: timed?.stepMs ?? null,
    realTimeFactor: timed?.realTimeFactor[depth] ?? null,
  }));
}

function errorsOf(set: string, runs: readonly RunResult[], depth: number): ErrorSummary {
  const bySeed = runs.map((run) => rateOf(pooled([run], set, depth)));
  const mean = bySeed.reduce((sum, rate) => sum + rate, 0) / bySeed.length;
  const squares = bySeed.reduce((sum, rate) => sum + (rate - mean) ** 2, 0);
  return {
    set,
    wer: bootstrapInterval(pooled(runs, set, depth)),
    bySeed,
    deviation: bySeed.length > 1 ? Math.sqrt(squares / (bySeed.length - 1)) : null,
    words: pooled(runs.slice(0, 1), set, depth).reduce((sum, { words }) => sum + words, 0),
  };
}

/** Two rows or groups at every depth that both have; of a group's rows, the one that has the depth. */
function compare(
  a: string,
  b: string,
  lines: readonly SummaryLine[],
  results: readonly RunResult[],
): SummaryComparison[] {
  const of = (name: string, depth: number): SummaryLine | undefined =>
    lines.find((line) => (line.row === name || line.group === name) && line.depth === depth);
  const depths = [...new Set(lines.map(({ depth }) => depth))].sort((x, y) => x - y);
  return depths.flatMap((depth) => {
    const [lineA, lineB] = [of(a, depth), of(b, depth)];
    const seeds = lineA?.seeds.filter((seed) => lineB?.seeds.includes(seed)) ?? [];
    if (!lineA || !lineB || lineA === lineB || seeds.length === 0) return [];
    const runsOf = ({ row }: SummaryLine): RunResult[] =>
      results.filter((result) => result.row === row && seeds.includes(result.seed));
    return lineA.errors.map(({ set }) => {
      const [runsA, runsB] = [runsOf(lineA), runsOf(lineB)];
      const { difference, pValue } = pairedBootstrap(pooled(runsB, set, depth), pooled(runsA, set, depth));
      const rateOfSeed = (runs: readonly RunResult[], seed: number): number =>
        rateOf(
          pooled(
            runs.filter((run) => run.seed === seed),
            set,
            depth,
          ),
        );
      const bySeed = seeds.map((seed) => rateOfSeed(runsA, seed) - rateOfSeed(runsB, seed));
      return {
        a: lineA.row,
        b: lineB.row,
        depth,
        set,
        seeds,
        difference,
        bySeed,
        pValue,
        pSeeds: bySeed.length < 2 ? null : oneSampleT(bySeed),
      };
    });
  });
}

function expectSameUtterances(out: string, results: readonly RunResult[]): void {
  const [first, ...others] = results;
  const marks = ({ trainingSet, sets }: RunResult): string =>
    JSON.stringify([trainingSet, Object.entries(sets).map(([set, { ids, references }]) => [set, ids, references])]);
  const other = first && others.find((result) => marks(result) !== marks(first));
  if (!first || !other) return;
  throw new UserError(
    `${resultFile(out, runName(other.row, other.seed))}: was trained or tested on other utterances than ${runName(first.row, first.seed)}, so they cannot be compared; delete it to train the run again`,
  );
}
