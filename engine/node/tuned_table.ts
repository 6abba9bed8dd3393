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

/** The user's own measurements, which take precedence over the tables shipped with the package. */
export const ownTablePath = (adapter: string): string => join(cacheFolder(), "tuned", tableFileName(adapter));

const shippedTablePath = (adapter: string): string =>
  fileURLToPath(new URL(`../../bench/tuned/${tableFileName(adapter)}`, import.meta.url));

/**
 * An adapter's table: the user's measurements merged with the package's, the user's winning among equally near sizes; undefined if
 * there is neither. Throws UserError naming the file if one is invalid.
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
      `the tuned table ${path} cannot be read: ${(error as Error).message}; delete it, or recreate it with 'unfold bench --tune'`,
    );
  }
  const fault = faultOf(content);
  if (fault === undefined) return content as TunedTable;
  throw new UserError(`${path} is not a tuned table: ${fault}; delete it, or recreate it with 'unfold bench --tune'`);
}

/** Why a value is not a tuned table; undefined if it is one. Checked by hand, so that the engine needs no schema library. */
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
