import Table from "cli-table3";
import { formatNumber } from "../train/number_format.ts";
import type { ForwardTiming, KernelReport, KernelResult } from "./kernels.ts";
import type { CaseTiming } from "./time_case.ts";

/** How every number was measured, for whoever reads them. */
export const METHOD =
  "Times are medians a call, in ms, ± the median absolute deviation. A sample is several calls issued back to back and one wait " +
  "for the device's queue, divided by the number of calls. 'first' is the first call on a new device, which compiles the pipelines " +
  "(a driver may keep compiled shaders on disk). Backward includes its forward pass. Every case was compared with its float64 reference first.";

/** A device does far more than this much arithmetic in the time it takes to move a byte: a case below it is bound by memory. */
const FLOPS_PER_BYTE = 10;

/** The results as a table for the terminal; cases that were not timed are named below it, with the reason. */
export function kernelTable({ adapter, results }: KernelReport, date: string): string {
  const head = ["operation", "case", "forward ms", "±", "rate", "first", "with backward ms", "±", "first"];
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column < 2 ? "left" : "right")),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    chars: BORDERLESS,
  });
  for (const result of results) table.push(row(result));
  const lines = table.toString().split("\n").map((line) => line.trimEnd());
  const problems = results.flatMap((result) => (result.status === "timed" ? [] : [`${result.status.toUpperCase()} ${labelOf(result)}: ${result.problem}`]));
  return [`${adapter.name}, ${adapter.description}, ${date}`, METHOD, "", ...lines, ...(problems.length > 0 ? ["", ...problems] : [])].join("\n");
}

export const labelOf = (result: KernelResult): string => (result.case === null ? result.operation : `${result.operation}: ${result.case}`);

function row(result: KernelResult): string[] {
  const name = [result.operation, result.case ?? ""];
  if (result.status !== "timed") return [...name, result.status.toUpperCase(), "", "", "", "", "", ""];
  const { forward, forwardBackward } = result;
  const ms = (timing: CaseTiming | null): string[] => (timing ? [timing.medianMs, timing.spreadMs, timing.firstMs].map((value) => formatNumber(value)) : ["", "", ""]);
  const [median, spread, first] = ms(forward) as [string, string, string];
  return [...name, median, spread, rate(forward, result.flops / result.bytes), first, ...ms(forwardBackward)];
}

const rate = ({ gflopsPerSecond, gigabytesPerSecond }: ForwardTiming, intensity: number): string =>
  intensity >= FLOPS_PER_BYTE ? `${formatNumber(gflopsPerSecond)} GFLOP/s` : `${formatNumber(gigabytesPerSecond)} GB/s`;

const BORDERLESS = {
  top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "",
  left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "",
};
