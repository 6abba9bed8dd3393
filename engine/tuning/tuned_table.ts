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

/** Why a value is not a tuned table; undefined if it is one. Checked by hand, so that the engine needs no schema library. */
export function tableFault(value: unknown): string | undefined {
  if (!isRecord(value)) return "expected an object";
  for (const key of ["adapter", "driver", "date", "command"])
    if (typeof value[key] !== "string") return `${key}: expected a string`;
  const { operations } = value;
  if (!isRecord(operations)) return "operations: expected an object";
  for (const [name, entries] of Object.entries(operations)) {
    if (!Array.isArray(entries)) return `operations.${name}: expected a list`;
    for (const [i, entry] of entries.entries()) {
      const at = `operations.${name}.${i}`;
      const { sizes, ms } = isRecord(entry) ? entry : {};
      if (!isRecord(sizes) || !isRecord(ms)) return `${at}: expected sizes and ms by name`;
      const size = Object.keys(sizes).find((key) => !["number", "boolean"].includes(typeof sizes[key]));
      if (size !== undefined) return `${at}.sizes.${size}: expected a number or a boolean`;
      const time = Object.keys(ms).find((key) => !(typeof ms[key] === "number" && ms[key] > 0));
      if (time !== undefined) return `${at}.ms.${time}: expected a positive number`;
    }
  }
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
