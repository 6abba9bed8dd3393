import type { Sizes } from "./variants.ts";

/** The measured milliseconds of each variant at some sizes. */
export interface TunedEntry {
  readonly sizes: Sizes;
  readonly ms: Readonly<Record<string, number>>;
}

/** Measurements of an operation's variants on one adapter: what `unfold bench --tune` writes. */
export interface TunedTable {
  /** As the driver calls the adapter; the table is for this name. */
  readonly adapter: string;
  readonly driver: string;
  readonly date: string;
  readonly command: string;
  readonly operations: Readonly<Record<string, readonly TunedEntry[]>>;
}
