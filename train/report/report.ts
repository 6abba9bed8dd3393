import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { RunError, UserError } from "../../engine/errors.ts";
import { restoreConfig, type TrainConfig } from "../../config/config.ts";
import { LOG_FILE, readLog, type StartRecord } from "../log/log.ts";
import { worstUtterances } from "./alignments.ts";
import { withClips } from "./clips.ts";
import { readHistory } from "./history.ts";
import { reportPage } from "./page.ts";

/** File name of the report in a run's folder. */
export const REPORT_FILE = "report.html";

/**
 * Writes a run's report: a single HTML file with curves, results and examples. It is made from the log, from any files
 * `alignments-<set>-<depth>.txt`, and from the examples' audio if that can still be read. Works for a run that has not
 * ended, too.
 *
 * @returns the path of the report
 * @throws UserError if the folder has no log; RunError if the report cannot be written
 */
export async function writeReport(runFolder: string): Promise<string> {
  const history = readHistory(readLog(path.join(runFolder, LOG_FILE)));
  const examples = await withClips(worstUtterances(runFolder, 5), history.start ? configOf(history.start) : undefined);
  const page = reportPage(path.basename(path.resolve(runFolder)), history, examples);
  const file = path.join(runFolder, REPORT_FILE);
  try {
    writeFileSync(`${file}.part`, page);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw new RunError(`cannot write the report ${file}: ${(error as Error).message}.`);
  }
  return file;
}

/** Undefined if the config's version is no longer valid. */
function configOf({ config }: StartRecord): TrainConfig | undefined {
  try {
    return restoreConfig(config, LOG_FILE);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
