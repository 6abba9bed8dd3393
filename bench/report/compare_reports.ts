import { UserError } from "../../engine/errors.ts";
import { formatNumber } from "../../data/text/number_format.ts";
import { plainTable, type PlainColumn } from "../plain_table.ts";
import { labelOf } from "./format.ts";
import type { BenchReport } from "./schema.ts";

/** A time with its spread, and the clock that took it. */
interface Measurement {
  readonly medianMs: number;
  readonly spreadMs: number;
  readonly clock: string;
}

export type Verdict = "slower" | "faster" | "same" | "other clock";

export interface Comparison {
  /** "operation: case, with backward" */
  readonly label: string;
  readonly oldMs: number;
  readonly newMs: number;
  /** New divided by old: above 1 is slower. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

export interface ReportComparison {
  readonly comparisons: readonly Comparison[];
  /** Numbers that only one of the reports has. */
  readonly onlyOld: number;
  readonly onlyNew: number;
}

/** A difference counts only beyond this many deviations and this ratio; otherwise it is noise or negligible. */
const [DEVIATIONS, LEAST_RATIO] = [3, 1.1];

/** Throws UserError for a report of another adapter, whose differences would say nothing about the code. */
export function expectAdapter(old: BenchReport, adapter: string, path: string): void {
  if (old.adapter !== adapter)
    throw new UserError(
      `--compare: ${path} was measured on ${old.adapter}, but this is ${adapter}: add --any-adapter to see the ratios anyway`,
    );
}

/** Every number that both reports have. */
export function compareReports(old: BenchReport, now: BenchReport): ReportComparison {
  const [before, after] = [measurementsOf(old), measurementsOf(now)];
  const comparisons = [...after].flatMap(([label, measured]) => {
    const was = before.get(label);
    return was ? [compareTimes(label, was, measured)] : [];
  });
  return { comparisons, onlyOld: before.size - comparisons.length, onlyNew: after.size - comparisons.length };
}

function compareTimes(label: string, old: Measurement, now: Measurement): Comparison {
  const ratio = now.medianMs / old.medianMs;
  const beyondSpread = Math.abs(now.medianMs - old.medianMs) > DEVIATIONS * Math.hypot(old.spreadMs, now.spreadMs);
  const verdict =
    old.clock !== now.clock
      ? "other clock"
      : !beyondSpread
        ? "same"
        : ratio > LEAST_RATIO
          ? "slower"
          : ratio < 1 / LEAST_RATIO
            ? "faster"
            : "same";
  return { label, oldMs: old.medianMs, newMs: now.medianMs, ratio, verdict };
}

/** A report's times by label. */
function measurementsOf({ kernels, step }: BenchReport): Map<string, Measurement> {
  const found = new Map<string, Measurement>();
  for (const result of kernels?.results ?? []) {
    if (result.status !== "timed") continue;
    found.set(labelOf(result), result.forward);
    if (result.forwardBackward) found.set(`${labelOf(result)}, with backward`, result.forwardBackward);
  }
  for (const { configuration, paths } of step ?? [])
    for (const path of paths)
      if (path.status === "timed") found.set(`step ${configuration}: ${path.path}`, { ...path.timing, clock: "queue" });
  return found;
}

/** The regression with the worst ratio; undefined if there is none. */
export const worstRegression = ({ comparisons }: ReportComparison): Comparison | undefined =>
  comparisons
    .filter(({ verdict }) => verdict === "slower")
    .reduce<Comparison | undefined>((worst, next) => (worst && worst.ratio >= next.ratio ? worst : next), undefined);

/** All ratios for the terminal, with a summary. */
export function comparisonTable(comparison: ReportComparison, old: BenchReport, now: BenchReport): string {
  const { comparisons, onlyOld, onlyNew } = comparison;
  const columns: PlainColumn<Comparison>[] = [
    { title: "compared", left: true, cell: ({ label }) => label },
    { title: "then ms", cell: ({ oldMs }) => formatNumber(oldMs) },
    { title: "now ms", cell: ({ newMs }) => formatNumber(newMs) },
    { title: "ratio", cell: ({ ratio }) => ratio.toFixed(2) },
    { title: "", left: true, cell: ({ verdict }) => (verdict === "same" ? "" : verdict) },
  ];
  const count = (verdict: Verdict): number => comparisons.filter((one) => one.verdict === verdict).length;
  const facts = [
    `Compared with ${old.date}${old.driver === now.driver ? "" : ` (then ${old.driver}, now ${now.driver})`}: ${comparisons.length} times, ${count("slower")} slower and ${count("faster")} faster beyond the spread`,
    ...(count("other clock") > 0 ? [`${count("other clock")} taken by another clock`] : []),
    ...(onlyOld > 0 ? [`${onlyOld} only then`] : []),
    ...(onlyNew > 0 ? [`${onlyNew} only now`] : []),
  ];
  return [plainTable(columns, comparisons), "", `${facts.join(", ")}.`, ...roofLines(old, now)].join("\n");
}

/** If the device itself is slower than before, so is everything on it, and that is not a regression. */
function roofLines({ kernels: old }: BenchReport, { kernels: now }: BenchReport): string[] {
  if (!old || !now) return [];
  const part = (key: "gigabytesPerSecond" | "gflopsPerSecond", unit: string): string =>
    `${formatNumber(old.roof[key])} ${unit} then and ${formatNumber(now.roof[key])} now`;
  return [`The device's own roof: ${part("gigabytesPerSecond", "GB/s")}, ${part("gflopsPerSecond", "GFLOP/s")}.`];
}
