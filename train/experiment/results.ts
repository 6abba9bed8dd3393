import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import * as z from "zod";
import { RunError, UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { loadState } from "../../checkpoint/checkpoint_file.ts";
import { parseAlignments } from "../../recognition/evaluation/alignment_text.ts";
import type { PathSpread } from "../../recognition/evaluation/path_spread.ts";
import { LOG_FILE, readLog } from "../log/log.ts";
import { BEST_FILE } from "../run/kept_checkpoints.ts";
import { alignmentFile } from "../test_sets.ts";
import { runName, type Run } from "./plan.ts";
import { makeFolders } from "../../engine/node/make_folders.ts";

const size = z.object({ whole: z.number(), encoder: z.number() });
const texts = z.array(z.string());
const spread = z.object({
  /** Word error rate along each legal path. */
  paths: z.array(z.object({ schedule: z.array(z.int().min(0)), wer: z.number() })).min(1),
});

const resultSchema = z.object({
  format: z.literal("unfold-experiment-result/2"),
  row: z.string(),
  seed: z.int().min(1),
  /** As `plainConfig` returns it, without this machine's folders. */
  config: z.record(z.string(), z.unknown()),
  /** Digest of the utterances trained on. */
  trainingSet: z.string().nullable(),
  /** Of the whole model as stored. */
  parameters: size,
  /** Size of the checkpoint without optimizer state. */
  checkpointBytes: z.number(),
  steps: z.number(),
  epochs: z.number(),
  /** Training time; depends on what else the machine was doing. */
  seconds: z.number(),
  /** Parameters each depth loads, and whether every step trained it. */
  depths: z.array(z.object({ depth: z.int(), parameters: size, trained: z.boolean() })).min(1),
  /** By test set: its utterances' ids and texts, what was recognised at each depth, and along all paths of depths that have several. */
  sets: z.record(
    z.string(),
    z.object({
      ids: z.array(z.string()),
      references: texts,
      hypotheses: z.record(z.string(), texts),
      cer: z.record(z.string(), z.number().nullable()),
      spreads: z.record(z.string(), spread),
    }),
  ),
});

/** Everything that tables and figures need from a finished run. */
export type RunResult = z.output<typeof resultSchema>;

/** A row at one of its depths. */
export interface RowDepth {
  readonly row: string;
  readonly depth: number;
}

/** The same with the test sets that it was tested on. */
export interface TestedRow extends RowDepth {
  readonly errors: readonly { readonly set: string }[];
}

const resultsFolder = (out: string): string => join(out, "results");

export const resultFile = (out: string, run: string): string => join(resultsFolder(out), `${run}.json`);

/** The result of a run; undefined if there is none yet. Throws UserError for a file that holds something else. */
export function readResult(out: string, run: string): RunResult | undefined {
  const file = resultFile(out, run);
  if (!statSync(file, { throwIfNoEntry: false })) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(
      `${file}: cannot be read as a result: ${(error as Error).message}; delete it to train the run again`,
    );
  }
  const result = resultSchema.safeParse(value);
  if (!result.success)
    throw new UserError(
      `${file}: is not a result of an experiment: ${result.error.issues[0]?.path.join(".")}: ${result.error.issues[0]?.message}; delete it to train the run again`,
    );
  return result.data;
}

/** The existing results of some rows, in the order of the rows and then by seed. */
export function readResults(out: string, rows: readonly { readonly name: string }[]): RunResult[] {
  const files = statSync(resultsFolder(out), { throwIfNoEntry: false }) ? readdirSync(resultsFolder(out)) : [];
  const found = files.flatMap((file) => {
    const [, row, seed] = /^(.+)-seed(\d+)\.json$/u.exec(file) ?? [];
    return row === undefined ? [] : [{ row, seed: Number(seed) }];
  });
  return rows.flatMap(({ name }) =>
    found
      .filter(({ row }) => row === name)
      .sort((a, b) => a.seed - b.seed)
      .flatMap(({ seed }) => readResult(out, runName(name, seed)) ?? []),
  );
}

export function writeResult(out: string, run: Run, result: RunResult): void {
  makeFolders(resultsFolder(out));
  writeAtomically(resultFile(out, run.name), Buffer.from(`${JSON.stringify(result)}\n`));
}

/**
 * Gathers the result of a finished run from its folder: the log, the test sets' alignments, the best checkpoint.
 *
 * @param trained depths that every step trained
 * @param spreads of each test set, at the depths that have several paths
 */
export function collectResult(
  folder: string,
  { row, seed }: Run,
  trained: readonly number[],
  spreads: ReadonlyMap<string, readonly PathSpread[]>,
): RunResult {
  const records = readLog(join(folder, LOG_FILE));
  const start = records.findLast((record) => record.type === "start");
  const last = records.findLast((record) => record.type === "step");
  const tested = new Map(
    records.flatMap((record) => (record.type === "result" ? [[record.set, record.rows] as const] : [])),
  );
  const [rows] = tested.values();
  if (!start || !last || !rows)
    throw new RunError(
      `${folder}: the run's log lacks its beginning, its steps or its results; delete the folder to train the run again`,
    );
  const best = join(folder, BEST_FILE);
  return {
    format: "unfold-experiment-result/2",
    row: row.name,
    seed,
    config: withoutFolders(start.config),
    trainingSet: loadState(best).trainingSet ?? null,
    parameters: start.parameters,
    checkpointBytes: statSync(best).size,
    steps: last.step,
    epochs: typeof start.config["epochs"] === "number" ? start.config["epochs"] : last.epoch + 1,
    seconds: last.seconds,
    depths: rows.map(({ depth, parameters, encoderParameters = NaN }) => ({
      depth,
      parameters: { whole: parameters, encoder: encoderParameters },
      trained: trained.includes(depth),
    })),
    sets: Object.fromEntries(
      [...tested].map(([set, ofDepths]) => {
        const scored = ofDepths.map(({ depth, cer }) => ({
          depth,
          cer,
          utterances: parseAlignments(readFileSync(join(folder, alignmentFile(set, depth)), "utf8")),
        }));
        const { utterances } = scored[0] as (typeof scored)[number];
        return [
          set,
          {
            ids: utterances.map(({ id }) => id),
            references: utterances.map(({ alignment }) => alignment.flatMap(({ ref }) => ref ?? []).join(" ")),
            hypotheses: Object.fromEntries(
              scored.map((score) => [
                String(score.depth),
                score.utterances.map(({ alignment }) => alignment.flatMap(({ hyp }) => hyp ?? []).join(" ")),
              ]),
            ),
            cer: Object.fromEntries(scored.map(({ depth, cer }) => [String(depth), cer])),
            spreads: Object.fromEntries(
              (spreads.get(set) ?? []).map(({ depth, paths }) => [
                String(depth),
                { paths: paths.map(({ schedule, wer }) => ({ schedule: [...schedule], wer })) },
              ]),
            ),
          },
        ];
      }),
    ),
  };
}

/** A plain config that is the same on every machine: manifest paths are relative to the data folder. */
function withoutFolders(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const {
    folder,
    train,
    dev,
    test,
    cache: _,
    ...data
  } = config["data"] as { folder: string; train: string; dev: string; test: Record<string, string>; cache?: unknown };
  const within = (file: string): string => relative(folder, file).replaceAll(sep, "/");
  const tests = Object.fromEntries(Object.entries(test).map(([name, file]) => [name, within(file)]));
  return { ...config, data: { ...data, train: within(train), dev: within(dev), test: tests } };
}
