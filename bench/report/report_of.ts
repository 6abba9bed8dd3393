import type { AdapterDescription } from "../../engine/adapter.ts";
import { methodOf } from "../method.ts";
import { REPORT_FORMAT, REPORT_VERSION } from "./format.ts";
import type { BenchReport, KernelReport } from "./schema.ts";

export interface ReportParts extends Pick<BenchReport, "kernels" | "step"> {
  readonly adapter: AdapterDescription;
  /** What the user typed or asked for. */
  readonly command: string;
  /** How the steps were measured. */
  readonly stepMethod?: readonly string[];
}

/** A report of what was measured just now. */
export const reportOf = ({ adapter, command, stepMethod = [], kernels, step }: ReportParts): BenchReport => ({
  format: REPORT_FORMAT,
  version: REPORT_VERSION,
  date: new Date().toISOString(),
  command,
  adapter: adapter.name,
  driver: adapter.description,
  kind: adapter.type,
  method: [...(kernels ? [methodOf(kernels.clock)] : []), ...stepMethod],
  kernels: kernels && onlyReported(kernels),
  step,
});

/** Without what a measurement carries beside it. */
const onlyReported = ({ clock, roof, results }: KernelReport): KernelReport => ({ clock, roof, results });
