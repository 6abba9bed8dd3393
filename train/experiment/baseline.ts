import { holm } from "../../recognition/significance/holm.ts";
import { mapsswe, type Mapsswe } from "../../recognition/significance/mapsswe.ts";
import { rateOf, pooled, scliteAlignments } from "./errors_of.ts";
import type { RowDepth, RunResult, TestedRow } from "./results.ts";

/** A row at one depth against the baseline, on one test set, with the seeds that both have. */
export interface BaselineTest extends RowDepth {
  readonly set: string;
  readonly seeds: readonly number[];
  /** Word error rate minus the baseline's: below 0, the row is better. */
  readonly difference: number;
  /** Over the segments of all seeds, each seed against the baseline of the same seed; then of each seed alone. */
  readonly mapsswe: Mapsswe;
  readonly bySeed: readonly Mapsswe[];
  /** The pooled p-value, corrected for the number of tests on this test set by Holm's method. */
  readonly pHolm: number;
}

/**
 * Tests every line of the table against the baseline, as Table 1 of the paper does (MAPSSWE). The tests on one set are one
 * family for Holm's correction.
 *
 * @param lines    of the table, whose sets are tested in turn
 * @param baseline a row at a depth; its own line is left out
 */
export function againstBaseline(
  lines: readonly TestedRow[],
  results: readonly RunResult[],
  baseline: RowDepth,
): BaselineTest[] {
  const sets = lines[0]?.errors.map(({ set }) => set) ?? [];
  return sets.flatMap((set) => {
    const tests = lines.flatMap((line) => testOf(line, results, baseline, set) ?? []);
    const adjusted = holm(tests.map((test) => test.mapsswe.p));
    return tests.map((test, i) => ({ ...test, pHolm: adjusted[i]! }));
  });
}

function testOf(
  { row, depth }: TestedRow,
  results: readonly RunResult[],
  baseline: RowDepth,
  set: string,
): Omit<BaselineTest, "pHolm"> | undefined {
  if (row === baseline.row && depth === baseline.depth) return undefined;
  const bySeed = new Map(results.flatMap((run) => (run.row === baseline.row ? [[run.seed, run] as const] : [])));
  const runs = results.filter((run) => run.row === row && bySeed.has(run.seed));
  if (runs.length === 0) return undefined;
  const bases = runs.map(({ seed }) => bySeed.get(seed) as RunResult);
  const aligned = runs.map((run) => scliteAlignments(run, set, depth));
  const alignedBases = bases.map((run) => scliteAlignments(run, set, baseline.depth));
  return {
    row,
    depth,
    set,
    seeds: runs.map(({ seed }) => seed),
    difference: rateOf(pooled(runs, set, depth)) - rateOf(pooled(bases, set, baseline.depth)),
    mapsswe: mapsswe(aligned.flat(), alignedBases.flat()),
    bySeed: aligned.map((alignments, i) => mapsswe(alignments, alignedBases[i]!)),
  };
}
