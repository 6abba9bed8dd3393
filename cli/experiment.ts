import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { loadExperiment } from "../train/experiment/config.ts";
import { chooseRows } from "../train/experiment/plan.ts";
import { runExperiment } from "../train/experiment/run_experiment.ts";
import type { Watched } from "../train/parallel/watched.ts";
import { silentObserver } from "../train/run/run_observer.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { interruptible } from "./terminal/interrupt.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface ExperimentCommandOptions extends AdapterOptions {
  set: string[];
  out?: string;
  data?: string;
  rows?: string;
  seeds?: string;
  budget?: string;
  timesOnly?: true;
}

export function register(program: Command, ranks: Watched): void {
  const command = program
    .command("experiment <config>")
    .description(
      "Train and compare the rows of an experiment on the same data, and write a table with intervals and tests. The same command continues where it was stopped.",
    )
    .option(
      "--out <folder>",
      "folder for runs, results and tables (default: runs/ plus the name of the config's folder)",
    )
    .option("--data <folder>", "folder of the manifests, instead of the corpus that the config asks for")
    .option(
      "--budget <minutes>",
      "choose the number of epochs, the same for all runs, so that all of them fit into this time",
    )
    .option("--rows <names>", "train only these rows or groups, separated by commas")
    .option("--seeds <number>", "number of runs of every row, instead of the config's")
    .option(
      "--set <key=value>",
      "override a value of every row's training config; may be repeated",
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .option("--times-only", "train nothing; only measure steps, memory and recognition of the finished rows again");
  addAdapterOptions(command).action((file: string, options: ExperimentCommandOptions) => run(file, options, ranks));
}

async function run(file: string, options: ExperimentCommandOptions, ranks: Watched): Promise<void> {
  const { set, data, timesOnly = false } = options;
  const seeds =
    options.seeds === undefined ? undefined : numberOf("--seeds", options.seeds, /^\d+$/u, "a whole number from 1");
  const budget =
    options.budget === undefined
      ? undefined
      : numberOf("--budget", options.budget, /^\d+(\.\d+)?$/u, "minutes, a number over 0");
  const experiment = loadExperiment(file, { overrides: set, seeds });
  const rows = chooseRows(experiment.rows, options.rows?.split(","));
  const out = options.out ?? join("runs", basename(dirname(resolve(file))));
  const isRoot = ranks.rank === 0; // the only one to write and print
  const device = await openDevice(adapterOptions(options));
  await interruptible(async (signal) => {
    const outcome = await runExperiment(device, experiment, {
      out,
      rows,
      dataFolder: data && resolve(data),
      budget,
      timesOnly,
      signal,
      observer: isRoot ? terminalObserver() : silentObserver,
      ranks,
    });
    if (!isRoot) return outcome;
    process.stdout.write(
      outcome === "finished"
        ? `\n${readFileSync(join(out, "table.md"), "utf8")}\nTable and figure: ${join(out, "table.md")}, ${join(out, "figure.svg")}\n`
        : "\nSaved. Run the same command again to continue.\n",
    );
    return outcome;
  }, ranks);
  device.close();
}

function numberOf(option: string, text: string, pattern: RegExp, expected: string): number {
  if (!pattern.test(text) || Number(text) <= 0 || Number(text) > 1e6)
    throw new UserError(`${option}: expected ${expected}, got '${text}'`);
  return Number(text);
}
