import Table from "cli-table3";
import { formatBytes, formatCompact, formatCount, formatNumber } from "../../data/text/number_format.ts";
import { kernelSharesTable } from "../../train/profile/kernel_shares.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";
import type { PathResult, StepReport, StepResult } from "./step.ts";

/** How every number was measured, for the reader of a report. */
export const STEP_METHOD =
  "A step is forward, joint loss, backward, gradient clipping and AdamW on a random batch whose features are on the device. ms: median per step ± the median absolute " +
  "deviation, over samples of several steps, each submitted as it is encoded, at most two ahead of the device, and a wait after the last. encoding: the host's share of it. " +
  "frames/s: feature frames of the batch / median. first: the first step along these paths, which compiles what they need. Dispatches, compute passes and submissions are counted " +
  "over one step, and so is memory: the most bytes in use at once, including parameters and optimiser state. Kernels: by the device's timestamps over one more step in which every " +
  "dispatch has a pass of its own, so that their sum may exceed a step's time.";

/** The report as text for the terminal: each configuration's paths, and the kernels of its last path. */
export function stepTable({ adapter, results }: StepReport, date?: string): string {
  return [
    [adapter.name, adapter.description, ...(date === undefined ? [] : [date])].join(", "),
    STEP_METHOD,
    stepSections(results),
  ].join("\n\n");
}

/** The same without adapter, date and method. */
export const stepSections = (results: readonly StepResult[]): string => results.map(section).join("\n\n");

function section(result: StepResult): string {
  const { configuration, precision, blocks, dim, parameters, batch, paths } = result;
  const head = [
    "",
    "layers",
    "ms",
    "±",
    "encoding",
    "first",
    "frames/s",
    "dispatches",
    "passes",
    "submits",
    "peak memory",
  ];
  const timed = paths.filter((path) => path.status === "timed");
  const table = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const path of timed) table.push(row(path));
  const failed = paths.flatMap((path) => (path.status === "failed" ? [`FAILED ${path.path}: ${path.problem}`] : []));
  const last = timed.at(-1);
  return [
    `${configuration}: ${blocks} blocks of ${dim} channels, ${formatCompact(parameters)} parameters, ${precision}; batch of ${batch.size} x ${batch.seconds} s (${batch.frames} frames of ${batch.bins} bins), ${batch.labels} labels each of ${batch.vocabulary} classes`,
    ...(timed.length > 0 ? [withoutInnerRules(table.toString(), [timed.length])] : []),
    ...failed,
    ...(last?.kernels ? ["", `Kernels of a step, ${last.path}:`, kernelSharesTable(last.kernels)] : []),
  ].join("\n");
}

const row = ({
  path,
  applications,
  timing,
  firstMs,
  framesPerSecond,
  dispatches,
  passes,
  submits,
  peakBytes,
}: PathResult): string[] => [
  path,
  String(applications),
  ...[timing.medianMs, timing.spreadMs, timing.encodeMs, firstMs].map((ms) => formatNumber(ms)),
  ...[framesPerSecond, dispatches, passes, submits].map(formatCount),
  formatBytes(peakBytes),
];
