import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../atomic_file.ts";
import type { TrainConfig } from "../config.ts";
import { configDifferences } from "../config_difference.ts";
import { lastReason } from "../log.ts";
import { train } from "../main.ts";
import { makeFolder } from "../run_folder.ts";
import type { RunObserver } from "../run_observer.ts";
import { trainConfigOf, type Experiment, type Row, type RunLength } from "./config.ts";
import { experimentData } from "./data.ts";
import { summaryFigure } from "./figure.ts";
import { measureCosts } from "./measure_costs.ts";
import { epochsWithin, runName, runsOf, type RowCost, type Run } from "./plan.ts";
import { readState, writeState } from "./progress_file.ts";
import { collectResult, readResult, readResults, resultFile, writeResult } from "./results.ts";
import { summarise } from "./summary.ts";
import { summaryMarkdown } from "./tables.ts";
import { measureTimes, readTimes, writeTimes } from "./times.ts";
import { loadWorkload } from "./workload.ts";

export interface ExperimentRunOptions {
  /** Folder of all runs, results and tables. */
  readonly out: string;
  /** Rows to train; the tables have all that are finished. */
  readonly rows: readonly Row[];
  /** Folder of the manifests, absolute; the experiment's own data if undefined. */
  readonly dataFolder?: string | undefined;
  /** Minutes into which all runs should fit: chooses their number of epochs when the experiment begins. */
  readonly budget?: number | undefined;
  /** Train nothing, measure times again. */
  readonly timesOnly?: boolean;
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
}

/**
 * Trains every row with every seed on the same data for the same number of epochs, measures what each costs, and writes
 * table.md, table.json and figure.svg. A run that is finished leaves a file in `results/` and is not repeated; an interrupted one
 * goes on from its checkpoint. So the same call goes on where the last one was stopped.
 *
 * @throws UserError, before anything is trained, for a row whose config is wrong, or other than that of its finished runs
 */
export async function runExperiment(device: Device, experiment: Experiment, options: ExperimentRunOptions): Promise<"finished" | "interrupted"> {
  const { out, rows, signal, observer } = options;
  makeFolder(out);
  const before = readState(out, experiment, options.dataFolder);
  const dataFolder = await experimentData(experiment, options.dataFolder, observer);
  const configOf = (row: Row, seed: number, length: RunLength): TrainConfig => trainConfigOf(experiment, row, seed, length, dataFolder);
  const runs = runsOf(rows);
  for (const { row, seed } of runs) configOf(row, seed, before?.epochs ?? null); // so that faults show now, not after hours
  expectSameConfigs(out, experiment.rows, (row, seed) => configOf(row, seed, before?.epochs ?? null));

  // The length of every run, once and for all.
  const first = configOf(rows[0] as Row, 1, null);
  let length: RunLength = before?.epochs ?? null;
  if (!options.timesOnly && !before) {
    const measured = options.budget === undefined ? null : await chooseLength(device, experiment, options, configOf, options.budget);
    if (signal.aborted || measured === undefined) return "interrupted";
    length = measured?.epochs ?? null;
    writeState(out, experiment, options.dataFolder, length, measured && { minutes: options.budget as number, rows: measured.rows });
  } else if (before && options.budget !== undefined) {
    observer.message(`--budget changes nothing: the length of the runs was chosen when the experiment in ${out} began`);
  }

  // The runs.
  if (!options.timesOnly) {
    for (const [i, run] of runs.entries()) {
      if (readResult(out, run.name)) continue;
      observer.message(`run ${i + 1} of ${runs.length}: ${run.row.title}, seed ${run.seed}`);
      if ((await trainRun(device, configOf(run.row, run.seed, length), run, out, signal, observer)) === "interrupted") {
        writeSummary(experiment, out);
        return "interrupted";
      }
    }
    writeSummary(experiment, out);
  }

  // Times, of all rows that have a finished run, under the same conditions.
  const finished = experiment.rows.flatMap((row) => {
    const seed = readResults(out, [row])[0]?.seed;
    return seed === undefined || !existsSync(join(out, runName(row.name, seed), "best.safetensors")) ? [] : [{ name: row.name, config: configOf(row, seed, length), folder: join(out, runName(row.name, seed)) }];
  });
  if (finished.length === 0) throw new UserError(`${out} holds no finished run to measure`);
  const workload = await loadWorkload(first, observer, signal);
  const times = workload && (await measureTimes(device, finished, workload, experiment.rounds, observer, signal));
  if (!times) return "interrupted";
  writeTimes(out, times);
  writeSummary(experiment, out);
  return "finished";
}

/** Measures what the rows take, and fits the runs into the budget. Undefined when the signal is aborted. */
async function chooseLength(
  device: Device,
  experiment: Experiment,
  { rows, observer, signal }: ExperimentRunOptions,
  configOf: (row: Row, seed: number, length: RunLength) => TrainConfig,
  budget: number,
): Promise<{ epochs: number; rows: Record<string, RowCost> } | undefined> {
  const workload = await loadWorkload(configOf(rows[0] as Row, 1, 1), observer, signal);
  if (!workload) return undefined;
  const measured = await measureCosts(device, rows.map((row) => ({ name: row.name, runs: row.seeds, config: configOf(row, 1, 1) })), workload, observer, signal);
  const costs = [...measured.values()];
  if (signal.aborted) return undefined;
  const rounds = (experiment.rounds + 1) * costs.reduce((sum, { roundSeconds }) => sum + roundSeconds, 0);
  const epochs = epochsWithin(60 * budget, costs, rounds + workload.readingSeconds);
  observer.message(`${epochs} epochs of ${workload.batchesPerEpoch} batches for each of ${runsOf(rows).length} runs fit into ${budget} minutes`);
  const kept = [...measured].map(([name, { runs, epochSeconds, fixedSeconds }]) => [name, { runs, epochSeconds, fixedSeconds }] as const);
  return { epochs, rows: Object.fromEntries(kept) };
}

/** Trains one run, from its checkpoint where it has one, and keeps its result. */
async function trainRun(device: Device, config: TrainConfig, run: Run, out: string, signal: AbortSignal, observer: RunObserver): Promise<"finished" | "interrupted"> {
  const folder = join(out, run.name);
  const resume = existsSync(join(folder, "last.safetensors"));
  if (!resume || lastReason(folder) !== "finished") {
    device.trim();
    device.pool.resetPeak();
    if ((await train(device, config, { folder, resume, signal, observer })) === "interrupted") return "interrupted";
  }
  writeResult(out, run, collectResult(folder, run));
  return "finished";
}

/** Refuses finished runs whose row has another config now: a table of both would compare nothing. */
function expectSameConfigs(out: string, rows: readonly Row[], configOf: (row: Row, seed: number) => TrainConfig): void {
  for (const result of readResults(out, rows)) {
    const row = rows.find(({ name }) => name === result.row) as Row;
    const differences = configDifferences(configOf(row, result.seed), result.config, resultFile(out, runName(row.name, result.seed)));
    if (differences.length > 0)
      throw new UserError(`row ${row.name} was trained with another config in ${out}, so its results cannot be added to: ${differences.join(", ")}; put the config back, or choose another folder with --out`);
  }
}

/** Writes tables and figure of what is finished so far. */
function writeSummary(experiment: Experiment, out: string): void {
  const summary = summarise(experiment, out, readResults(out, experiment.rows), readTimes(out));
  const write = (name: string, text: string): void => writeAtomically(join(out, name), Buffer.from(text));
  write("table.md", summaryMarkdown(summary));
  write("table.json", `${JSON.stringify(summary, null, 2)}\n`);
  if (summary.lines.length > 0) write("figure.svg", summaryFigure(summary));
}
