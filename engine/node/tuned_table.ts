import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TunedTable } from "../tuning/tuned_table.ts";
import { cacheFolder } from "./cache_folder.ts";
import { UserError } from "../errors.ts";

/** "NVIDIA H100 80GB HBM3" -> "nvidia-h100-80gb-hbm3.json" */
export const tableFileName = (adapter: string): string =>
  `${adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}.json`;

/** Where this user's own measurements are: they come before the tables that the package brings. */
export const ownTablePath = (adapter: string): string => join(cacheFolder(), "tuned", tableFileName(adapter));

const shippedTablePath = (adapter: string): string =>
  fileURLToPath(new URL(`../../bench/tuned/${tableFileName(adapter)}`, import.meta.url));

/**
 * The table of an adapter: the user's own measurements and the package's, of equally near ones the user's; undefined where
 * there is neither. Throws UserError, which names the file, when one is there and is no such table.
 */
export function findTable(adapter: string): TunedTable | undefined {
  const [shipped, own] = [shippedTablePath(adapter), ownTablePath(adapter)].map((path) =>
    existsSync(path) ? readTable(path) : undefined,
  );
  if (!shipped || !own) return own ?? shipped;
  const names = new Set([...Object.keys(own.operations), ...Object.keys(shipped.operations)]);
  const operations = Object.fromEntries(
    [...names].map((name) => [name, [...(own.operations[name] ?? []), ...(shipped.operations[name] ?? [])]]),
  );
  return { ...own, operations };
}

export function readTable(path: string): TunedTable {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UserError(
      `the tuned table ${path} cannot be read: ${(error as Error).message}; delete it, or write it anew with 'unfold bench --tune'`,
    );
  }
  const fault = faultOf(content);
  if (fault === undefined) return content as TunedTable;
  throw new UserError(`${path} is not a tuned table: ${fault}; delete it, or write it anew with 'unfold bench --tune'`);
}

/** What keeps a value from being a tuned table; undefined if nothing does. By hand, so that the engine needs no library for it. */
function faultOf(value: unknown): string | undefined {
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
