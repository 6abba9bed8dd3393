import type { BaselineTest } from "./baseline.ts";
import { formatBytes, formatCompact, formatCount, formatPercent } from "../../data/text/number_format.ts";
import type { SpreadSummary } from "./spreads.ts";
import type { ErrorSummary, Summary, SummaryComparison, SummaryLine } from "./summary.ts";

/** The summary as Markdown: cost and error rates of each row and depth, then the tests of differences. */
export function summaryMarkdown(summary: Summary): string {
  const { lines, comparisons, baseline, spreads, times } = summary;
  if (lines.length === 0) return "No row is finished yet.\n";
  const sets = (lines[0] as SummaryLine).errors.map(({ set }) => set);
  const range = (of: (line: SummaryLine) => number): string =>
    [...new Set([Math.min(...lines.map(of)), Math.max(...lines.map(of))])].map(formatCount).join(" to ");
  const words = (lines[0] as SummaryLine).errors.map(({ set, words }) => `${set} ${formatCount(words)}`).join(", ");
  const parts = [
    `Every run: ${range(({ epochs }) => epochs)} epochs, ${range(({ steps }) => steps)} steps. Words of the test sets: ${words}.`,
    lineTable(lines, sets),
    "WER: over all seeds, with its 95 % interval in brackets (bootstrap over utterances), then the lowest and highest seed with the standard deviation. " +
      "Parameters: those the depth loads. Checkpoint: the whole row's, without optimizer state. " +
      (times
        ? `Memory and step: of training on one batch of ${times.batch.size} utterances of ${times.batch.frames} frames with padding. Steps and real-time factors: medians of ${times.rounds} rounds over all rows in turn; adapter: ${times.adapter}.`
        : "Times have not been measured yet."),
  ];
  if (baseline && baseline.tests.length > 0)
    parts.push(
      `Against the baseline, ${titleOf(lines, baseline.row)}, at depth ${baseline.depth}:`,
      baselineTable(lines, baseline.tests),
      "Difference: WER minus the baseline's in percentage points. Segments, Z and p: MAPSSWE (two-tailed) over the segments of all seeds, each seed against the baseline of the same seed, so about the models trained here. " +
        "p, Holm: corrected for the number of tests on the set. Single seeds: the lowest and highest p, uncorrected. " +
        "A star: no significant difference at 0.05 after the correction, which does not show that two are equal.",
    );
  if (spreads.length > 0)
    parts.push(
      "Over the legal paths of a depth, means of the seeds:",
      spreadTable(lines, spreads),
      "Deviation: the standard deviation over a seed's paths.",
    );
  if (comparisons.length > 0)
    parts.push(
      comparisonTable(comparisons),
      "Difference: WER of the first minus that of the second in percentage points with its 95 % interval, over the seeds that both have, then the lowest and highest of a single seed. " +
        "p, utterances: paired bootstrap over utterances (10,000 resamples). This and the interval are about the models trained here: what other utterances of the same speakers would change, not what other seeds would. " +
        "p, seeds: Student's t-test of the seeds' differences, which a claim about methods needs and few seeds seldom satisfy. Both are two-sided and not corrected for the number of tests. " +
        "A p above 0.05 does not show that two are equally good; the interval says by how much the first may be worse.",
    );
  return `${parts.join("\n\n")}\n`;
}

function lineTable(lines: readonly SummaryLine[], sets: readonly string[]): string {
  const head = [
    "row",
    "depth",
    "seeds",
    ...sets.flatMap((set) => [`WER ${set}`, "lowest to highest"]),
    "parameters",
    "encoder",
    "checkpoint",
    "memory: parameters",
    "gradients, optimizer",
    "activations",
    "total",
    "step",
    "real-time factor",
  ];
  const body = lines.map((line, i) => {
    const { memory, stepMs, realTimeFactor } = line;
    return [
      line.row === lines[i - 1]?.row ? "" : line.title,
      String(line.depth),
      String(line.seeds.length),
      ...sets.flatMap((set) => errorCells(line.errors.find((errors) => errors.set === set))),
      formatCompact(line.parameters.whole),
      formatCompact(line.parameters.encoder),
      formatBytes(line.checkpointBytes),
      ...(memory
        ? [memory.parameters, memory.optimizer, memory.activations, memory.total].map(formatBytes)
        : ["-", "-", "-", "-"]),
      stepMs === null ? "-" : `${stepMs.toPrecision(3)} ms`,
      realTimeFactor === null ? "-" : realTimeFactor.toPrecision(2),
    ];
  });
  return markdownTable(head, body, 1);
}

function errorCells(errors: ErrorSummary | undefined): [string, string] {
  if (!errors) return ["-", "-"];
  const { wer, bySeed, deviation } = errors;
  const spread =
    deviation === null
      ? "-"
      : `${percent(Math.min(...bySeed))} to ${percent(Math.max(...bySeed))} (${percent(deviation)})`;
  return [`${formatPercent(wer.value, 2)} [${percent(wer.low)}, ${percent(wer.high)}]`, spread];
}

function comparisonTable(comparisons: readonly SummaryComparison[]): string {
  const body = comparisons.map(({ a, b, depth, set, seeds, difference, bySeed, pValue, pSeeds }) => [
    `${a} - ${b}`,
    String(depth),
    set,
    String(seeds.length),
    `${signed(difference.value)} [${signed(difference.low)}, ${signed(difference.high)}]`,
    bySeed.length < 2 ? "-" : `${signed(Math.min(...bySeed))} to ${signed(Math.max(...bySeed))}`,
    probability(pValue),
    pSeeds === null ? "-" : probability(pSeeds),
  ]);
  return markdownTable(
    ["compared", "depth", "set", "seeds", "difference", "lowest to highest", "p, utterances", "p, seeds"],
    body,
    1,
  );
}

const titleOf = (lines: readonly SummaryLine[], row: string): string =>
  lines.find((line) => line.row === row)?.title ?? row;

function baselineTable(lines: readonly SummaryLine[], tests: readonly BaselineTest[]): string {
  const body = tests.map(({ row, depth, set, seeds, difference, mapsswe, bySeed, pHolm }) => {
    const apart = bySeed.map(({ p }) => p);
    return [
      titleOf(lines, row),
      String(depth),
      set,
      String(seeds.length),
      `${signed(difference)}${pHolm > 0.05 ? "*" : ""}`,
      formatCount(mapsswe.segments),
      mapsswe.z.toFixed(2),
      probability(mapsswe.p),
      probability(pHolm),
      apart.length < 2 ? "-" : `${probability(Math.min(...apart))} to ${probability(Math.max(...apart))}`,
    ];
  });
  const head = ["row", "depth", "set", "seeds", "difference", "segments", "Z", "p", "p, Holm", "single seeds"];
  return markdownTable(head, body, 1);
}

function spreadTable(lines: readonly SummaryLine[], spreads: readonly SpreadSummary[]): string {
  const body = spreads.map(({ row, depth, set, seeds, paths, mean, median, deviation, lowest, highest }) => [
    titleOf(lines, row),
    String(depth),
    set,
    String(seeds.length),
    String(paths),
    ...[mean, median, deviation].map(percent),
    `${percent(lowest)} to ${percent(highest)}`,
  ]);
  const head = ["row", "depth", "set", "seeds", "paths", "mean WER", "median", "deviation", "lowest to highest"];
  return markdownTable(head, body, 1);
}

const probability = (p: number): string => (p < 0.001 ? "< 0.001" : p.toFixed(3));

/** A share as a percentage without its sign. */
const percent = (share: number): string => (100 * share).toFixed(2);

const signed = (share: number): string => `${share > 0 ? "+" : ""}${percent(share)}`;

/** @param left number of columns from the left that hold text */
function markdownTable(head: readonly string[], body: readonly (readonly string[])[], left: number): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => (i < left ? "---" : "--:")).join("|")}|`, ...body.map(line)].join("\n");
}
