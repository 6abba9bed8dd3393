import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AdapterDescription } from "../adapter.ts";
import { tableFault, type TunedTable } from "../tuning/tuned_table.ts";
import { cacheFolder } from "./cache_folder.ts";
import { UserError } from "../errors.ts";

const SHIPPED = fileURLToPath(new URL("../../bench/tuned", import.meta.url));

/**
 * What a table is for: the adapter, and for a software driver also the CPU, which its name does not tell:
 * "llvmpipe (LLVM 15.0.6, 256 bits) on AMD EPYC 7B13".
 */
export const tunedMachine = ({ name, type }: Pick<AdapterDescription, "name" | "type">): string =>
  type === "gpu" ? name : `${name} on ${cpus()[0]?.model.trim() ?? "an unknown CPU"}`;

/** "NVIDIA H100 80GB HBM3" -> "nvidia-h100-80gb-hbm3.json" */
export const tableFileName = (machine: string): string =>
  `${machine
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}.json`;

/** The user's own measurements, which take precedence over the tables shipped with the package. */
export const ownTablePath = (machine: string): string => join(cacheFolder(), "tuned", tableFileName(machine));

/**
 * A machine's table: the user's measurements merged with the package's, the user's winning among equally near sizes. For
 * operations that neither has, the package's table of another machine of the class serves. Undefined if there is none. Throws
 * UserError naming the file if one is invalid.
 *
 * @param machine as `tunedMachine` names it
 */
export function findTable(machine: string): TunedTable | undefined {
  const [own, shipped] = [ownTablePath(machine), join(SHIPPED, tableFileName(machine))].map((path) =>
    existsSync(path) ? readTable(path) : undefined,
  );
  const ofClass = shipped ? undefined : tableOfClass(machine);
  const first = own ?? shipped ?? ofClass;
  if (!first) return undefined;
  const names = new Set([own, shipped, ofClass].flatMap((table) => Object.keys(table?.operations ?? {})));
  const operations = Object.fromEntries(
    [...names].map((name) => {
      const measured = [...(own?.operations[name] ?? []), ...(shipped?.operations[name] ?? [])];
      return [name, measured.length > 0 ? measured : ofClass!.operations[name]!];
    }),
  );
  return { ...first, operations };
}

/** The same kind of adapter, whatever its driver's version and the CPU: "llvmpipe (LLVM 15.0.6, 256 bits) on AMD EPYC" and others. */
const classOf = (machine: string): string => machine.replace(/ on .*$/, "").replace(/\d+(\.\d+)+/g, "");

function tableOfClass(machine: string): TunedTable | undefined {
  if (!existsSync(SHIPPED)) return undefined;
  return readdirSync(SHIPPED)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => readTable(join(SHIPPED, name)))
    .find((table) => classOf(table.adapter) === classOf(machine));
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
  const fault = tableFault(content);
  if (fault === undefined) return content as TunedTable;
  throw new UserError(`${path} is not a tuned table: ${fault}; delete it, or recreate it with 'unfold bench --tune'`);
}
