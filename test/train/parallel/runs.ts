import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseSafetensors } from "../../../checkpoint/safetensors/safetensors.ts";
import { readLog, type LogRecord } from "../../../train/log/log.ts";
import { node, type Outcome, ROOT } from "../../built.ts";
import { mpirun, type Ranks } from "./mpirun.ts";

const MAIN = `${ROOT}dist/cli/main.js`;

/** Runs `unfold` in so many ranks. */
export const unfoldRanks = (
  ranks: number,
  words: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly seconds?: number } = {},
): Ranks => mpirun(ranks, [MAIN, ...words], options);

/**
 * Trains one run after the other, in folders named after them, in the same processes: most of a short run is its processes' beginning.
 * Where there is a checkpoint, a run goes on from it.
 *
 * @returns what the runs said
 */
export async function trainAll(
  ranks: number | "alone",
  config: string,
  runs: Readonly<Record<string, readonly string[]>>,
  out: string,
): Promise<string> {
  const script = `
    import { existsSync } from "node:fs";
    const load = (file) => import(${JSON.stringify(`file://${ROOT}dist/`)} + file);
    const { openDevice } = await load("engine/device.js");
    const { loadConfig } = await load("checkpoint/load_config.js");
    const { train } = await load("train/main.js");
    const { openCommunicator } = await load("train/parallel/mpi.js");
    const { watched } = await load("train/parallel/watched.js");
    const { silentObserver } = await load("train/run/run_observer.js");
    const ranks = watched(await openCommunicator(), console.error);
    const device = await openDevice();
    for (const [name, sets] of Object.entries(${JSON.stringify(runs)}))
    {
      const folder = ${JSON.stringify(`${out}/`)} + name;
      await train(device, loadConfig(${JSON.stringify(config)}, sets), {
        folder,
        resume: existsSync(folder + "/last.safetensors"),
        signal: new AbortController().signal,
        observer: { ...silentObserver, message: (text) => ranks.rank === 0 && console.log(name + ": " + text) },
        ranks,
      });
    }
    device.close();
    ranks.finalize();`;
  const words = ["--input-type=module", "-e", script];
  return (await succeeded(ranks === "alone" ? node(words) : mpirun(ranks, words, { seconds: 200 }))).stdout;
}

/** Lines that unfold itself printed, without those of mpirun. */
export const sentences = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("unfold: "));

export const setting = (...sets: string[]): string[] => sets.flatMap((set) => ["--set", set]);

export const logOf = (folder: string): LogRecord[] => readLog(join(folder, "log.jsonl"));

/** The log's numbers of each step that do not depend on time. */
export const stepsOf = (folder: string) =>
  logOf(folder).flatMap((record) => {
    if (record.type !== "step") return [];
    const { step, epoch, loss, ctc, attention, kl, gradNorm, learningRate, infeasible } = record;
    return [{ step, epoch, loss, ctc, attention, kl, gradNorm, learningRate, infeasible }];
  });

/** Waits until a run has logged so many steps; throws if it ends before. */
export async function reached(steps: number, folder: string, ranks: Ranks): Promise<void> {
  let ended: Outcome | undefined;
  void ranks.then((outcome) => (ended = outcome));
  for (;;) {
    if (ended) throw new Error(`ended early: ${ended.stdout}${ended.stderr}`);
    try {
      if (stepsOf(folder).length >= steps) return;
    } catch {
      /* there is no log yet */
    }
    await pause(50);
  }
}

/**
 * The same, for comparing other numbers of ranks: the divergence of two posteriors that are almost equal has few right digits, so that it
 * is taken with the loss that it is a part of.
 */
export const lossesOf = (folder: string) => stepsOf(folder).map(({ kl, ...rest }) => ({ ...rest, kl: rest.loss + kl }));

/** The tensors of a checkpoint. */
export const weightsOf = (folder: string, name = "last.safetensors"): Map<string, ArrayLike<number>> => {
  const file = join(folder, name);
  const { tensors } = parseSafetensors(readFileSync(file), file);
  return new Map([...tensors].map(([key, { values }]) => [key, values as ArrayLike<number>]));
};

/** Names of a run's files; TensorBoard's have time and process in them. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => name.replace(/^(events\.out\.tfevents)\..*/u, "$1"))
    .sort();

/** The largest relative difference between numbers at the same place of two values. */
export function largestDifference(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a === b ? 0 : Math.abs(a - b) / Math.abs(a);
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return Object.is(a, b) ? 0 : Infinity;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return Math.max(0, ...[...keys].map((key) => largestDifference(left[key], right[key])));
}

/** Throws with what was printed if a command failed. */
export async function succeeded(outcome: Promise<Outcome>): Promise<Outcome> {
  const { status, stdout, stderr } = await outcome;
  if (status !== 0) throw new Error(`exit code ${status}: ${stdout}${stderr}`);
  return { status, stdout, stderr };
}
