import { formatNumber, formatPercent } from "../data/text/number_format.ts";
import { plainTable, type PlainColumn } from "./plain_table.ts";
import { labelOf } from "./report/format.ts";
import type { CaseChoice, KernelReport, KernelResult, PassTiming, TimedResult } from "./report/schema.ts";
import { boundOf, intensityOf, type Roof } from "./roofline/roof.ts";

/** The columns that the terminal and the page show for a case. */
export function resultColumns(roof: Roof): PlainColumn<KernelResult>[] {
  const timed = (title: string, cell: (result: TimedResult) => string): PlainColumn<KernelResult> => ({
    title,
    cell: (result) => (result.status === "timed" ? cell(result) : ""),
  });
  const withBackward = (title: string, cell: (timing: PassTiming) => string): PlainColumn<KernelResult> =>
    timed(title, ({ forwardBackward }) => (forwardBackward ? cell(forwardBackward) : ""));
  return [
    { title: "operation", left: true, cell: ({ operation }) => operation },
    { title: "case", left: true, cell: (result) => result.case ?? "" },
    {
      title: "variant",
      left: true,
      cell: (result) => (result.status === "timed" ? chosenVariants(result.choices) : result.status.toUpperCase()),
    },
    timed("flop/byte", (result) => formatNumber(intensityOf(result), 2)),
    timed("forward ms", ({ forward }) => formatNumber(forward.medianMs)),
    timed("±", ({ forward }) => formatNumber(forward.spreadMs, 2)),
    timed("rate", (result) => rate(result, roof)),
    timed("roof", ({ forward }) => formatPercent(forward.roofShare, 0)),
    timed("must MiB", ({ bytes }) => mebibytes(bytes)),
    timed("moved MiB", ({ forward }) => mebibytes(forward.movedBytes)),
    timed("first ms", ({ forward }) => formatNumber(forward.firstMs)),
    withBackward("with backward ms", ({ medianMs }) => formatNumber(medianMs)),
    withBackward("±", ({ spreadMs }) => formatNumber(spreadMs, 2)),
    withBackward("moved MiB", ({ movedBytes }) => mebibytes(movedBytes)),
    withBackward("first ms", ({ firstMs }) => formatNumber(firstMs)),
  ];
}

/** The results as a table for the terminal, followed by the cases that were not timed and why. */
export function kernelTable({ roof, results }: KernelReport): string {
  const problems = problemsOf(results);
  return [
    roofLine(roof),
    "",
    plainTable(resultColumns(roof), results),
    ...(problems.length > 0 ? ["", ...problems] : []),
  ].join("\n");
}

/** A line for each case that was not timed, and for each variant that is wrong. */
export const problemsOf = (results: readonly KernelResult[]): string[] =>
  results.flatMap((result) =>
    result.status !== "timed"
      ? [`${result.status.toUpperCase()} ${labelOf(result)}: ${result.problem}`]
      : result.choices.flatMap(({ operation, variants }) =>
          variants.flatMap((variant) =>
            "problem" in variant
              ? [`WRONG ${labelOf(result)}, ${operation} as ${variant.name}: ${variant.problem}`]
              : [],
          ),
        ),
  );

export const roofLine = ({ gigabytesPerSecond, gflopsPerSecond, halfGflopsPerSecond }: KernelReport["roof"]): string =>
  `The device's own roof: ${formatNumber(gigabytesPerSecond)} GB/s copied, ${formatNumber(gflopsPerSecond)} GFLOP/s of multiply-adds` +
  (halfGflopsPerSecond === null ? "" : `, ${formatNumber(halfGflopsPerSecond)} in f16`);

/** The variants of the forward pass; empty if its kernels have none. */
const chosenVariants = (choices: readonly CaseChoice[]): string =>
  [...new Set(choices.filter(({ pass }) => pass === "forward").map(({ chosen }) => chosen))].join(", ");

/** The rate in the unit of the case's bound, arithmetic or memory. */
export const rate = (result: TimedResult, roof: Roof): string =>
  boundOf(result, roof) === "arithmetic"
    ? `${formatNumber(result.forward.gflopsPerSecond)} GFLOP/s`
    : `${formatNumber(result.forward.gigabytesPerSecond)} GB/s`;

const mebibytes = (bytes: number): string => formatNumber(bytes / 2 ** 20);
