import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Argument, Option, type Command } from "commander";
import { compareReports, comparisonTable, expectAdapter, worstRegression } from "../bench/report/compare_reports.ts";
import { kernelTable } from "../bench/kernel_table.ts";
import { mergeTables } from "../bench/merge_tables.ts";
import { loadOperations } from "../bench/operations.ts";
import { outputFile } from "../bench/output_file.ts";
import { benchDisplay, showTuning, type BenchDisplay } from "../bench/progress.ts";
import { readReport } from "../bench/report/read_report.ts";
import type { BenchReport } from "../bench/report/schema.ts";
import { runBench, throwUntimed, type Part } from "../bench/run_bench.ts";
import { stepSections } from "../bench/steps/table.ts";
import { tune } from "../bench/tune.ts";
import { writeTable } from "../bench/write_table.ts";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { RunError, UserError } from "../engine/errors.ts";
import type { TunedTable } from "../engine/tuning/tuned_table.ts";
import { ownTablePath, readTable } from "../engine/node/tuned_table.ts";
import { formatNumber } from "../data/text/number_format.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { makeFolders } from "../engine/node/make_folders.ts";

interface BenchOptions extends AdapterOptions {
  filter?: string;
  all?: true;
  variants?: true;
  tune?: true;
  json?: string;
  html?: string;
  compare?: string;
  anyAdapter?: true;
}

const PARTS: readonly Part[] = ["kernels", "step", "all"];

export function register(program: Command): void {
  const command = program
    .command("bench")
    .description(
      "Measure how fast this machine computes: each kernel against the device's own memory and arithmetic limits, and whole training steps.",
    )
    .addArgument(new Argument("[part]", "what to measure").choices(PARTS).default("all"))
    .option(
      "--filter <name>",
      "only cases whose 'operation: case' contains this, and step configurations whose name does",
    )
    .option("--all", "also time the small cases of the tests")
    .option("--variants", "also time every other variant that fits each kernel, which takes two to three times as long")
    .option("--json <file>", "write all numbers to this file; - means standard output, in place of the table")
    .option("--html <file>", "write a report with charts to this file")
    .option(
      "--compare <file>",
      "compare with an earlier --json file; exit code 1 if anything is slower beyond the spread",
    )
    .option("--any-adapter", "allow a file from another adapter; being slower is then not a failure")
    .addOption(
      new Option(
        "--tune",
        "instead, time every variant and write the table by which this machine then chooses",
      ).conflicts(["all", "variants", "json", "html", "compare"]),
    );
  addAdapterOptions(command).action(bench);
}

const command = (): string => ["unfold", ...process.argv.slice(2)].join(" ");

async function bench(part: Part, options: BenchOptions): Promise<void> {
  if (part === "step" && (options.variants || options.all || options.tune))
    throw new UserError("--variants, --all and --tune apply to kernels, not to 'step'");
  const display = benchDisplay();
  const stop = (): never => {
    display.stop();
    process.exit(130); // nothing is written before the end
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await (options.tune ? tuneAdapter(options, display) : measure(part, options, display));
  } finally {
    display.stop();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

async function measure(part: Part, options: BenchOptions, display: BenchDisplay): Promise<void> {
  const { json, html, compare, anyAdapter } = options;
  if (json !== undefined && html !== undefined && resolve(json) === resolve(html))
    throw new UserError("--json and --html name the same file");
  const files = {
    json: json === undefined ? undefined : outputFile("--json", json),
    html: html === undefined ? undefined : outputFile("--html", html),
  };
  const page = html === undefined ? undefined : await import("../bench/report/page.ts"); // its charts are of hundreds of files
  const old = compare === undefined ? undefined : readReport(compare);
  const report = await runBench(await loadOperations(), {
    ...options,
    part,
    display,
    command: command(),
    open: () => openDevice(adapterOptions(options)),
    onAdapter: ({ name }) => void (old && !anyAdapter && expectAdapter(old, name, compare!)),
  });
  display.stop();
  if (json !== "-" && html !== "-") process.stdout.write(`${reportText(report)}\n`);
  files.json?.write(`${JSON.stringify(report, null, 2)}\n`);
  if (page) files.html?.write(page.benchPage(report));
  for (const name of [json, html]) if (name !== undefined && name !== "-") display.say(`wrote ${name}`);
  if (old)
    compareWith(old, report, {
      failing: !anyAdapter,
      out: json === "-" || html === "-" ? process.stderr : process.stdout,
    });
  throwUntimed(report);
}

function reportText(report: BenchReport): string {
  const { adapter, driver, date, method, kernels, step } = report;
  return [
    `${adapter}, ${driver}, ${date}`,
    ...method,
    ...(kernels ? [kernelTable(kernels)] : []),
    ...(step ? [stepSections(step)] : []),
  ].join("\n\n");
}

/** Prints all ratios. Throws a RunError, for exit code 1, if anything is slower and `failing` is set. */
export function compareWith(
  old: BenchReport,
  report: BenchReport,
  { failing, out }: { failing: boolean; out: NodeJS.WritableStream },
): void {
  const comparison = compareReports(old, report);
  out.write(`\n${comparisonTable(comparison, old, report)}\n`);
  const worst = worstRegression(comparison);
  if (worst && failing)
    throw new RunError(
      `slower beyond the spread: worst is ${worst.label}, ${formatNumber(worst.oldMs)} ms then and ${formatNumber(worst.newMs)} ms now (${worst.ratio.toFixed(2)} times)`,
    );
}

async function tuneAdapter(options: BenchOptions, display: BenchDisplay): Promise<void> {
  makeTableFolder();
  const wrong: string[] = [];
  const failed: string[] = [];
  const show = showTuning(display);
  const table = await tune(await loadOperations(), {
    filter: options.filter,
    command: command(),
    open: () => openDevice({ ...adapterOptions(options), tuned: false }),
    onProgress: (progress) => {
      show(progress);
      if (progress.problem !== undefined) failed.push(progress.problem);
      for (const [variant, ms] of Object.entries(progress.ms ?? {}))
        if (ms === null) wrong.push(`${progress.choice ?? ""} as ${variant}`);
    },
  });
  display.stop();
  const path = ownTablePath(table.adapter);
  writeTable(path, withEarlier(path, table, display));
  const entries = Object.values(table.operations).flat();
  process.stdout.write(`${entries.length} choices measured on ${table.adapter}, written to ${path}\n`);
  const faults = [
    ...(wrong.length > 0 ? [`${wrong.length} variants gave wrong results and were left out: ${wrong.join(", ")}`] : []),
    ...(failed.length > 0 ? [`${failed.length} cases failed: ${failed.join(", ")}`] : []),
  ];
  if (faults.length > 0) throw new RunError(faults.join("; "));
}

/** Called before minutes of measuring. Throws a UserError if the table could not be written afterwards. */
function makeTableFolder(): void {
  const folder = dirname(ownTablePath("any"));
  try {
    makeFolders(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UserError(
      `--tune: the table cannot be written to ${folder}: ${(error as Error).message} (UNFOLD_CACHE names another folder)`,
    );
  }
}

/** Adds what an earlier table knows besides. One that cannot be read is replaced, as its error message advises. */
function withEarlier(path: string, table: TunedTable, display: BenchDisplay): TunedTable {
  if (!existsSync(path)) return table;
  try {
    return mergeTables(readTable(path), table);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    display.say(`${path} was not a tuned table and is replaced`);
    return table;
  }
}
