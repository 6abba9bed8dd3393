import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { RunError } from "../engine/errors.ts";
import { LOG_FILE, readLog } from "./log.ts";
import { worstUtterances } from "./report/alignments.ts";
import { readHistory } from "./report/history.ts";
import { reportPage } from "./report/page.ts";

/** The name of the report in a run's folder. */
export const REPORT_FILE = "report.html";

/**
 * Writes a run's report, a single HTML file with curves, results and examples, from its log and from files
 * `alignments-<set>-<depth>.txt` where there are any. A run that has not ended has a report as well.
 *
 * @returns the path of the report
 * @throws UserError if the folder has no log; RunError if the report cannot be written
 */
export function writeReport(runFolder: string): string {
  const history = readHistory(readLog(path.join(runFolder, LOG_FILE)));
  const page = reportPage(path.basename(path.resolve(runFolder)), history, worstUtterances(runFolder, 5));
  const file = path.join(runFolder, REPORT_FILE);
  try {
    writeFileSync(`${file}.part`, page);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw new RunError(`cannot write the report ${file}: ${(error as Error).message}.`);
  }
  return file;
}
