import type { Sizes } from "./variants.ts";

/** Measured milliseconds of each variant at given sizes. */
export interface TunedEntry {
  readonly sizes: Sizes;
  readonly ms: Readonly<Record<string, number>>;
}

/** Measurements of operations' variants on one adapter, written by `unfold bench --tune`. */
export interface TunedTable {
  /** What it was measured on: the driver's name for the adapter and, for a software driver, the CPU after " on ". */
  readonly adapter: string;
  readonly driver: string;
  readonly date: string;
  readonly command: string;
  readonly operations: Readonly<Record<string, readonly TunedEntry[]>>;
}
