import type { TunedEntry, TunedTable } from "../engine/tuning/tuned_table.ts";
import { describeSizes } from "../engine/tuning/variants.ts";

/** The newer table plus what only the older one measured, so that tuning one operation keeps what is known of the others. */
export function mergeTables(older: TunedTable, newer: TunedTable): TunedTable {
  const operations: Record<string, TunedEntry[]> = {};
  for (const name of new Set([...Object.keys(older.operations), ...Object.keys(newer.operations)])) {
    const measured = newer.operations[name] ?? [];
    const known = new Set(measured.map(({ sizes }) => describeSizes(sizes)));
    operations[name] = [
      ...(older.operations[name] ?? []).filter(({ sizes }) => !known.has(describeSizes(sizes))),
      ...measured,
    ];
  }
  return { ...newer, operations };
}
