import path from "node:path";
import { closest } from "fastest-levenshtein";
import { UserError } from "../../engine/errors.ts";
import { type TrainConfig } from "../../config/config.ts";
import { faultSentence, schemaFaults, type Fault } from "../../config/checks/faults.ts";
import { loadConfig, readConfigFile } from "../../checkpoint/load_config.ts";
import { inputName } from "../../data/files/input.ts";
import { parseYaml } from "../../config/yaml.ts";
import { experimentSchema, type ParsedExperiment } from "./schema.ts";

export interface Row {
  readonly name: string;
  readonly title: string;
  /** The row's own name if it belongs to no group. */
  readonly group: string;
  /** The figure's name for the group, or for a row without one. */
  readonly groupTitle: string;
  /** Number of runs. */
  readonly seeds: number;
  /** As for `--set`: common ones, the row's, those of the command line. */
  readonly overrides: readonly string[];
}

export interface Experiment {
  readonly file: string;
  /** Path of the training config that all rows start from. */
  readonly base: string;
  readonly rows: readonly Row[];
  readonly compare: readonly (readonly [string, string])[];
  readonly corpus: ParsedExperiment["corpus"];
  /** The row and depth that every line of the table is tested against. */
  readonly baseline: ParsedExperiment["baseline"];
  /** Paths of each depth to test, beside the usual one. */
  readonly paths: ParsedExperiment["paths"];
  readonly rounds: number;
}

/** Epochs of every run of an experiment; null for the length in its config. */
export type RunLength = number | null;

export interface ExperimentOptions {
  /** `key=value` each, on top of the common overrides and the rows' own. */
  readonly overrides?: readonly string[];
  /** Runs of every row, instead of the config's numbers. */
  readonly seeds?: number | undefined;
}

/**
 * Reads the YAML of an experiment. The rows' training configs are checked later, by `trainConfigOf`.
 *
 * @throws UserError with one line per fault, naming file, line, key, the expected value and the given one
 */
export function loadExperiment(file: string, { overrides = [], seeds }: ExperimentOptions = {}): Experiment {
  const name = inputName(file);
  const { value, lineOf } = parseYaml(readConfigFile(file), name);
  const parsed = experimentSchema.safeParse(value ?? {});
  const faults = parsed.success
    ? nameFaults(parsed.data)
    : schemaFaults(parsed.error.issues, value ?? {}, experimentSchema);
  const sourceOf = (at: readonly PropertyKey[]): string => (lineOf(at) === null ? name : `${name}, line ${lineOf(at)}`);
  if (faults.length > 0) throw new UserError(faults.map((fault) => faultSentence(fault, sourceOf)).join("\n"));
  const { base, set, groups, rows, corpus, compare, baseline, paths, rounds, seeds: usual } = parsed.data!;
  return {
    file,
    base: path.resolve(path.dirname(file), base),
    rows: rows.map((row) => ({
      name: row.name,
      title: row.title,
      group: row.group ?? row.name,
      groupTitle: row.group === undefined ? row.title : (groups[row.group] ?? row.group),
      seeds: seeds ?? row.seeds ?? usual,
      overrides: [...asOverrides(set), ...asOverrides(row.set), ...overrides],
    })),
    compare,
    corpus,
    baseline,
    paths,
    rounds,
  };
}

/** JSON is YAML. */
const asOverrides = (set: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(set).map(([key, value]) => `${key}=${JSON.stringify(value)}`);

function* duplicates(names: readonly string[]): Generator<number> {
  for (const [i, name] of names.entries()) if (names.indexOf(name) < i) yield i;
}

/** Names that occur twice or not at all. */
function nameFaults({ groups, rows, compare, baseline }: ParsedExperiment): Fault[] {
  const names = rows.map(({ name }) => name);
  const comparable = [...new Set(rows.map(({ name, group }) => group ?? name))];
  const twice = [...duplicates(names)].map((i): Fault => ({
    path: ["rows", i, "name"],
    message: `is "${names[i]}", which is already the name of another row`,
  }));
  const clashes = rows.flatMap(({ group }, i): Fault[] =>
    group !== undefined && names.includes(group)
      ? [{ path: ["rows", i, "group"], message: `is "${group}", which is the name of a row` }]
      : [],
  );
  const untitled = Object.keys(groups).flatMap((name): Fault[] =>
    rows.some(({ group }) => group === name) ? [] : [{ path: ["groups", name], message: "is a group without rows" }],
  );
  const unknown = compare.flatMap((pair, i) =>
    pair.flatMap((name, side): Fault[] =>
      comparable.includes(name)
        ? []
        : [
            {
              path: ["compare", i, side],
              message: `is "${name}", which is not a row or group; the closest is "${closest(name, comparable)}"`,
            },
          ],
    ),
  );
  const foreign: Fault[] =
    baseline === undefined || names.includes(baseline.row)
      ? []
      : [
          {
            path: ["baseline", "row"],
            message: `is "${baseline.row}", which is not a row; the closest is "${closest(baseline.row, names)}"`,
          },
        ];
  return [...twice, ...clashes, ...untitled, ...unknown, ...foreign];
}

/**
 * The training config of one run. Rows with the same seed get the same batches in the same order. The dev set is
 * evaluated only four times per run, so that choosing the best checkpoint costs little.
 *
 * @param dataFolder folder of the manifests; the config's own if undefined
 * @throws UserError for an invalid override, with one line per fault naming the row
 */
export function trainConfigOf(
  { file, base }: Experiment,
  row: Row,
  seed: number,
  length: RunLength,
  dataFolder: string | undefined,
): TrainConfig {
  const load = (...sets: string[]): TrainConfig =>
    loadConfig(base, [...row.overrides, `seed=${seed}`, ...sets], { dataFolder });
  try {
    const { epochs, steps } = load(...(length === null ? [] : ["steps=null", `epochs=${length}`]));
    const run = [`epochs=${epochs}`, `steps=${steps}`];
    return load(
      ...run,
      ...(epochs === null
        ? ["eval.every_epochs=null", `eval.every_steps=${quarter(steps as number)}`]
        : ["eval.every_steps=null", `eval.every_epochs=${quarter(epochs)}`]),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      error.message
        .split("\n")
        .map((line) => `${file}, row ${row.name}: ${line}`)
        .join("\n"),
    );
  }
}

const quarter = (whole: number): number => Math.ceil(whole / 4);
