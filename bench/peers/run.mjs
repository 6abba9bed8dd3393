// `npm run bench:peers`: unfold and its peers on the same work and the same adapter, one after another; see README.md.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { CONTESTANTS } from "./lib/contestants.mjs";
import { findAdapter } from "./lib/find_adapter.mjs";
import { waitForQuiet } from "./lib/quiet.mjs";
import { toMarkdown, writeReport } from "./lib/report.mjs";
import { pythonCommand, runContestant } from "./lib/run_contestant.mjs";
import { slug } from "./lib/table.mjs";
import { inUnit, WORK } from "./lib/work.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results", import.meta.url));

const options = readOptions();
const say = (line) => process.stderr.write(`${line}\n`);

build();
install();
const { adapter, environment } = chosenAdapter();
say(`adapter: ${adapter.name} (${adapter.type}), ${adapter.description}`);

const folder = mkdtempSync(join(tmpdir(), "unfold-steps-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const contestants = {};
for (const name of ["unfold", ...options.peers]) {
  const { label, file } = CONTESTANTS[name];
  if (file.endsWith(".py") && !hasTorch()) {
    say(`${label}: left out, ${pythonCommand()} has no torch (set PYTHON to one that has)`);
    continue;
  }
  const quiet = await waitForQuiet(options.wait);
  say(`${label}${quiet ? "" : " (the machine is busy with other work: its numbers will be worse than they could be)"}`);
  const task = {
    work: options.ops,
    adapter: adapter.type === "bundled" ? undefined : adapter.name,
    driver: adapter.type,
    folder,
  };
  const run = await runContestant(name, task, environment, (work, outcome) => say(progressLine(work, outcome)));
  if (run.adapter !== undefined && slug(run.adapter) !== slug(adapter.name))
    run.problem = `it ran on another adapter: ${run.adapter}`;
  if (run.problem) say(`${label}: ${run.problem}`);
  contestants[name] = { quiet, ...run };
}

const report = {
  adapter,
  circumstances: {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    node: process.versions.node,
    command: ["npm run bench:peers", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
  },
  contestants,
  work: options.ops,
};
console.log(toMarkdown(report));
if (options.output !== undefined) say(`written: ${writeReport(report, options.output).join(", ")}`);
process.exitCode = isRight(contestants.unfold) ? 0 : 1;

/** @returns {{ peers: string[], ops: string[], adapter?: string, driver?: string, wait: number, output?: string }} */
function readOptions() {
  const peers = Object.keys(CONTESTANTS).filter((name) => name !== "unfold");
  const list = (known) => (text) => {
    const names = text.split(",").filter(Boolean);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is none of ${known.join(", ")}.`);
    return known.filter((name) => names.includes(name));
  };
  const seconds = (text) => {
    if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Seconds are a whole number.");
    return Number(text);
  };
  const program = new Command("bench:peers")
    .description("Runs unfold and its peers on the same work and the same adapter, and prints a table.")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .option("--peers <names>", `only these of ${peers.join(", ")}`, list(peers))
    .option("--ops <names>", `only this work: ${Object.keys(WORK).join(", ")}`, list(Object.keys(WORK)))
    .option("--adapter <substring>", "take the adapter whose name contains this (or UNFOLD_ADAPTER)")
    .addOption(
      new Option("--driver <kind>", "take only adapters of this kind (or UNFOLD_DRIVER)").choices([
        "gpu",
        "system",
        "bundled",
      ]),
    )
    .option("--wait <seconds>", "wait at most so long for a quiet machine, before each contestant", seconds, 120)
    .option("--output <folder>", "write the JSON and the table there; a run of everything writes to bench/results")
    .parse();
  const given = program.opts();
  const whole = given.peers === undefined && given.ops === undefined;
  return { peers, ops: Object.keys(WORK), ...(whole && { output: RESULTS }), ...given };
}

function build() {
  const { status } = spawnSync(process.execPath, ["scripts/build.mjs"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) process.exit(1);
}

/** The peers' packages, where they are missing or older than the lock file. Without them, unfold is measured alone. */
function install() {
  const installed = `${HERE}node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${HERE}package-lock.json`).mtimeMs) return;
  say("installing the peers' packages (900 MB)");
  const { status, error } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit"], {
    cwd: HERE,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) say(`the peers' packages could not be installed: ${error?.message ?? `npm ended with ${status}`}`);
}

function chosenAdapter() {
  try {
    return findAdapter(options);
  } catch (error) {
    say(`bench:peers: ${error.message}`);
    process.exit(1);
  }
}

function hasTorch() {
  return spawnSync(pythonCommand(), ["-c", "import torch"], { stdio: "ignore" }).status === 0;
}

function progressLine(work, outcome) {
  if (outcome.status === "not offered") return `  ${work.padEnd(10)} -`;
  if (outcome.status !== "timed") return `  ${work.padEnd(10)} ${outcome.status.toUpperCase()}: ${outcome.problem}`;
  const { value, unit } = inUnit(WORK[work], outcome.medianMs);
  return `  ${work.padEnd(10)} ${outcome.medianMs.toFixed(2).padStart(9)} ms ${value.toFixed(2).padStart(9)} ${unit}`;
}

/** @param {import("./lib/run_contestant.mjs").Run} run */
function isRight({ work, problem }) {
  return problem === undefined && Object.values(work).every(({ status }) => status === "timed");
}
