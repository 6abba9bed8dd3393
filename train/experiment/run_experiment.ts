import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import type { TrainConfig } from "../../config/config.ts";
import { trainedDepths } from "../../config/depths.ts";
import { loadState } from "../../checkpoint/checkpoint_file.ts";
import { configDifferences } from "../run/config_difference.ts";
import { readManifest } from "../../data/manifest/manifest.ts";
import { BEST_FILE, LAST_FILE } from "../run/kept_checkpoints.ts";
import { lastReason } from "../log/log.ts";
import { train } from "../main.ts";
import { alone } from "../parallel/communicator.ts";
import { led } from "../parallel/uneven.ts";
import type { Watched } from "../parallel/watched.ts";
import { makeFolder } from "../../data/files/output_place.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { Outcome } from "../training_loop.ts";
import { chooseLength } from "./choose_length.ts";
import { trainConfigOf, type Experiment, type Row, type RunLength } from "./config.ts";
import { experimentData } from "./data.ts";
import { runName, runsOf, type Run } from "./plan.ts";
import { readState, writeState } from "./progress_file.ts";
import { collectResult, readResult, readResults, resultFile, writeResult } from "./results.ts";
import { measureSpreads } from "./spreads.ts";
import { summarise } from "./summary.ts";
import { summaryMarkdown } from "./tables.ts";
import { measureTimes, readTimes, withEarlier, writeTimes } from "./times.ts";
import { loadWorkload } from "./workload.ts";

export interface ExperimentRunOptions {
  /** Folder of all runs, results and tables. */
  readonly out: string;
  /** Rows to train; the tables cover all finished ones. */
  readonly rows: readonly Row[];
  /** Folder of the manifests, absolute; the experiment's own data if undefined. */
  readonly dataFolder?: string | undefined;
  /** Minutes into which all runs should fit; sets their number of epochs when the experiment begins. */
  readonly budget?: number | undefined;
  /** Train nothing, only measure times again. */
  readonly timesOnly?: boolean;
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
  /** The processes that train the runs together; by default this one alone. */
  readonly ranks?: Watched | undefined;
}

/** A run to train, or to go on with. */
interface Order {
  readonly config: TrainConfig;
  readonly folder: string;
  readonly resume: boolean;
}

type Trainer = (order: Order) => Promise<Outcome>;

/**
 * Trains every row with every seed on the same data for the same number of epochs, measures what each costs, and writes
 * table.md, table.json and figure.svg. A finished run leaves a file in `results/` and is not repeated; an interrupted one
 * resumes from its checkpoint. So the same call continues where the last one stopped. Of several ranks the first decides, measures and
 * writes; they train together.
 *
 * @throws UserError, before anything is trained, if a row's config is invalid or differs from that of its runs so far
 */
export const runExperiment = (
  device: Device,
  experiment: Experiment,
  options: ExperimentRunOptions,
): Promise<Outcome> =>
  led<Order, Outcome, Outcome>(
    options.ranks ?? alone,
    (trainer) => conduct(device, experiment, options, trainer),
    ({ config, ...where }) => {
      const { signal, observer, ranks } = options;
      device.trim();
      device.pool.resetPeak();
      return train(device, config, { ...where, signal, observer, ranks });
    },
  );

async function conduct(
  device: Device,
  experiment: Experiment,
  options: ExperimentRunOptions,
  trainer: Trainer,
): Promise<Outcome> {
  const { out, rows, budget, timesOnly = false, signal, observer } = options;
  const before = readState(out, experiment, options.dataFolder);
  const dataFolder = await experimentData(experiment, options.dataFolder, observer);
  const configOf = (row: Row, seed: number, length: RunLength): TrainConfig =>
    trainConfigOf(experiment, row, seed, length, dataFolder);
  const runs = runsOf(rows);

  // Find whatever may be wrong before anything is made, not after hours.
  const [first] = runs.map(({ row, seed }) => configOf(row, seed, before?.epochs ?? null)) as [
    TrainConfig,
    ...TrainConfig[],
  ];
  expectSameConfigs(out, experiment.rows, (row, seed) => configOf(row, seed, before?.epochs ?? null));
  if (!timesOnly)
    for (const run of runs) expectSameBeginning(out, run, configOf(run.row, run.seed, before?.epochs ?? null));
  for (const manifest of [first.data.train, first.data.dev, ...first.data.test.map((test) => test.manifest)])
    await readManifest(manifest);
  if (timesOnly && readResults(out, experiment.rows).length === 0)
    throw new UserError(`${out} holds no finished run to measure`);
  makeFolder(out);

  // The length of every run, decided once and for all.
  let length: RunLength = before?.epochs ?? null;
  if (before && budget !== undefined) {
    observer.message(
      `the length of the runs stays as it was chosen when the experiment in ${out} began: ${length === null ? "the config's" : `${length} epochs`}`,
    );
  } else if (!before && !timesOnly) {
    const chosen =
      budget === undefined
        ? null
        : await chooseLength(device, rows, (row) => configOf(row, 1, 1), {
            minutes: budget,
            rounds: experiment.rounds,
            observer,
            signal,
          });
    if (chosen === undefined) return "interrupted";
    length = chosen?.epochs ?? null;
    writeState(out, experiment, options.dataFolder, length, chosen && { minutes: budget as number, rows: chosen.rows });
  }

  // The runs.
  for (const [i, run] of runs.entries()) {
    if (timesOnly || readResult(out, run.name)) continue;
    observer.message(`run ${i + 1} of ${runs.length}: ${run.row.title}, seed ${run.seed}`);
    const outcome = await trainRun(
      device,
      configOf(run.row, run.seed, length),
      run,
      experiment.paths,
      trainer,
      options,
    );
    if (outcome === "interrupted" || runs[i + 1]?.seed !== run.seed) await writeSummary(experiment, out); // takes seconds, so not after every run
    if (outcome === "interrupted") return "interrupted";
  }

  // Times of all rows whose checkpoints are here, under the same conditions.
  const finished = experiment.rows.flatMap((row) => {
    const seed = readResults(out, [row])[0]?.seed;
    const folder = join(out, runName(row.name, seed ?? 1));
    return seed === undefined || !existsSync(join(folder, BEST_FILE))
      ? []
      : [{ name: row.name, config: configOf(row, seed, length), folder }];
  });
  if (finished.length > 0) {
    const workload = await loadWorkload(device, first, observer, signal);
    const times = workload && (await measureTimes(device, finished, workload, experiment.rounds, observer, signal));
    if (!times) return "interrupted";
    writeTimes(out, withEarlier(times, readTimes(out)));
  }
  await writeSummary(experiment, out);
  return "finished";
}

/** Trains one run, resuming from its checkpoint if it has one, and keeps its result. */
async function trainRun(
  device: Device,
  config: TrainConfig,
  run: Run,
  paths: Experiment["paths"],
  trainer: Trainer,
  { out, observer }: Pick<ExperimentRunOptions, "out" | "observer">,
): Promise<Outcome> {
  const folder = join(out, run.name);
  const resume = existsSync(join(folder, LAST_FILE));
  if (!resume || lastReason(folder) !== "finished")
    if ((await trainer({ config, folder, resume })) === "interrupted") return "interrupted";
  const trained = trainedDepths(config).map(({ depth }) => depth);
  const spreads = paths === undefined ? new Map() : await measureSpreads(device, config, folder, paths, observer);
  writeResult(out, run, collectResult(folder, run, trained, spreads));
  return "finished";
}

/** Refuses finished runs whose row now has another config: a table of both would compare nothing. */
function expectSameConfigs(out: string, rows: readonly Row[], configOf: (row: Row, seed: number) => TrainConfig): void {
  for (const result of readResults(out, rows)) {
    const row = rows.find(({ name }) => name === result.row) as Row;
    const differences = configDifferences(
      configOf(row, result.seed),
      result.config,
      resultFile(out, runName(row.name, result.seed)),
    );
    if (differences.length > 0)
      throw new UserError(
        `row ${row.name} was trained with another config in ${out}, so its results cannot be added to: ${differences.join(", ")}; put the config back, or choose another folder with --out`,
      );
  }
}

/**
 * Refuses to resume an interrupted run whose row now has another config: otherwise it would only fail when its turn
 * comes.
 */
function expectSameBeginning(out: string, { row, name }: Run, config: TrainConfig): void {
  const last = join(out, name, LAST_FILE);
  if (!existsSync(last) || readResult(out, name)) return;
  const differences = configDifferences(config, loadState(last).config, last);
  if (differences.length > 0)
    throw new UserError(
      `row ${row.name} was started with another config in ${join(out, name)}, so it cannot be resumed: ${differences.join(", ")}; put the config back, or delete that folder to train the run again`,
    );
}

/** Writes the tables and the figure of what is finished so far. */
async function writeSummary(experiment: Experiment, out: string): Promise<void> {
  const { summaryFigure } = await import("./figure.ts"); // its charts are of hundreds of files
  const summary = summarise(experiment, out, readResults(out, experiment.rows), readTimes(out));
  const write = (name: string, text: string): void => writeAtomically(join(out, name), Buffer.from(text));
  write("table.md", summaryMarkdown(summary));
  write("table.json", `${JSON.stringify(summary, null, 2)}\n`);
  if (summary.lines.length > 0) write("figure.svg", summaryFigure(summary));
}
