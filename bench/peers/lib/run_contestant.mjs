// Runs one contestant in a process of its own and collects what it reports.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CONTESTANTS } from "./contestants.mjs";

const MOST_MINUTES = 15;

/**
 * @typedef {object} Run
 * @property {string} [version]
 * @property {string} [adapter]  as the contestant saw it
 * @property {Record<string, import("./table.mjs").Outcome>} work
 * @property {string} [problem]  why there is no, or not every, result
 */

/**
 * @param {string} name of the contestant
 * @param {import("./measure.mjs").Task} task
 * @param {Record<string, string>} environment what leads it to the adapter
 * @param {(work: string, outcome: import("./table.mjs").Outcome) => void} onOutcome
 * @returns {Promise<Run>} never rejects: a contestant that cannot run is a problem of its own
 */
export function runContestant(name, task, environment, onOutcome) {
  const { file } = CONTESTANTS[name];
  const path = fileURLToPath(new URL(`../contestants/${file}`, import.meta.url));
  const program = file.endsWith(".py") ? pythonCommand() : process.execPath;
  const child = spawn(program, [path, JSON.stringify(task)], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
    timeout: 60_000 * MOST_MINUTES,
    killSignal: "SIGKILL",
  });
  /** @type {Run} */
  const run = { work: {} };
  let complaints = "";
  child.stderr.on("data", (text) => (complaints = (complaints + text).slice(-10_000)));
  createInterface({ input: /** @type {import("node:stream").Readable} */ (child.stdio[3]) }).on("line", (line) => {
    const { work, ...rest } = JSON.parse(line);
    if (work === undefined) Object.assign(run, rest);
    else {
      run.work[work] = rest;
      onOutcome(work, rest);
    }
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ ...run, problem: error.message }));
    child.on("close", (status, signal) => {
      const missing = task.work.filter((work) => run.work[work] === undefined);
      if (missing.length === 0) return resolve(run); // how it ended no longer matters
      const ending =
        signal === "SIGKILL"
          ? `it was stopped (by the system, or after ${MOST_MINUTES} minutes)`
          : (signal ?? `exit status ${status}`);
      for (const work of missing) run.work[work] = { status: "failed", problem: "the contestant had ended before" };
      resolve({ ...run, problem: errorIn(complaints) ?? ending });
    });
  });
}

/** The Python that has torch: the variable PYTHON, or else python3. */
export const pythonCommand = () => process.env.PYTHON || "python3";

/** The line of a stack trace that names the error, in JavaScript as in Python. @param {string} text */
const errorIn = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .findLast((line) => /^(\w*Error|\w*Exception)\b.*:/.test(line));
