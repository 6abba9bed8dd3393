import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { TunedTable } from "../tuning/tuned_table.ts";
import { cacheFolder } from "./cache_folder.ts";
import { UserError } from "../errors.ts";

const milliseconds = z.number().positive();

const schema = z.object({
  adapter: z.string(),
  driver: z.string(),
  date: z.string(),
  command: z.string(),
  operations: z.record(
    z.string(),
    z.array(
      z.object({
        sizes: z.record(z.string(), z.union([z.number(), z.boolean()])),
        ms: z.record(z.string(), milliseconds),
      }),
    ),
  ),
});

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
  const { success, data, error } = schema.safeParse(content);
  if (success) return data;
  const [issue] = error.issues;
  throw new UserError(
    `${path} is not a tuned table: ${issue?.path.join(".") || "the file"}: ${issue?.message ?? ""}; delete it, or write it anew with 'unfold bench --tune'`,
  );
}
