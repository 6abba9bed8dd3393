import Table from "cli-table3";
import type { ProfiledKernel } from "../../engine/profiler.ts";
import { formatCount, formatNumber, formatPercent } from "../../data/text/number_format.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";

/** One kernel's share of a step. */
export interface KernelShare {
  readonly kernel: string;
  /** Dispatches per step. */
  readonly calls: number;
  /** Device milliseconds per step. */
  readonly ms: number;
  /** Share of the time of all kernels, 0 to 1. */
  readonly share: number;
}

/** Each kernel's share of the time of `steps` steps, most expensive first. */
export function kernelShares(totals: readonly ProfiledKernel[], steps = 1): KernelShare[] {
  const whole = totals.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return totals.map(({ label, calls, milliseconds }) => ({
    kernel: label,
    calls: calls / steps,
    ms: milliseconds / steps,
    share: whole === 0 ? 0 : milliseconds / whole,
  }));
}

/** The most expensive kernels as a table for the terminal; its last row sums up all others. */
export function kernelSharesTable(shares: readonly KernelShare[], most = 15): string {
  const others = shares.slice(most);
  const sum = (value: (share: KernelShare) => number): number =>
    others.reduce((total, share) => total + value(share), 0);
  const rest = {
    kernel: `${others.length} others`,
    calls: sum(({ calls }) => calls),
    ms: sum(({ ms }) => ms),
    share: sum(({ share }) => share),
  };
  const rows = others.length > 1 ? [...shares.slice(0, most), rest] : shares;
  const table = new Table({
    head: ["kernel", "share", "calls/step", "ms/step", "us/call"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const { kernel, calls, ms, share } of rows)
    table.push([
      kernel,
      formatPercent(share),
      Number.isInteger(calls) ? formatCount(calls) : calls.toFixed(1),
      formatNumber(ms),
      formatNumber((1000 * ms) / calls),
    ]);
  return withoutInnerRules(table.toString(), [rows.length]);
}
