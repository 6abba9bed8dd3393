import { readFileSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";
import { parseReport } from "./parse_report.ts";
import type { BenchReport } from "./schema.ts";

/** Reads the file of `--compare`. Throws UserError, in one sentence, if it is no report. */
export function readReport(path: string): BenchReport {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`--compare: ${path} ${code === "ENOENT" ? "does not exist" : `cannot be read: ${message}`}`);
  }
  return parseReport(text, `--compare: ${path}`);
}
