import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { RunError, UserError } from "../../engine/errors.ts";
import { STDIN } from "../../data/files/input.ts";
import { launchedBy } from "../../train/parallel/launcher.ts";
import { openCommunicator } from "../../train/parallel/mpi.ts";
import { watched, type Watched } from "../../train/parallel/watched.ts";
import { exitCode, printError } from "./exit.ts";

/** How much later than rank 0 each rank says why it failed: where all fail alike, rank 0 has ended them before, and it is said once. */
const LATER_MS = 1000;

/**
 * Runs `body` with the processes that mpirun or srun started, or with this one alone. An error on one of them is printed, once, and ends
 * them all with its exit code.
 */
export async function inRanks(body: (ranks: Watched) => Promise<void>): Promise<void> {
  const ranks = watched(
    await openCommunicator().catch((error: unknown) => later(launchedBy()?.rank ?? 0, error)),
    (message) => printError(new RunError(message)),
  );
  if (ranks.size === 1) {
    await body(ranks);
    return ranks.finalize();
  }
  try {
    await body(ranks).catch((error: unknown) => {
      if (exitCode(error) !== 0) throw error; // --help and --version end so
    });
    await ranks.barrier();
    ranks.finalize();
  } catch (error) {
    await later(ranks.rank, error).catch(printError);
    ranks.abort(exitCode(error));
    process.exit(exitCode(error)); // if it has not ended yet
  }
}

/** Throws an error, on all ranks but the first after a while. */
async function later(rank: number, error: unknown): Promise<never> {
  if (rank > 0) await pause(LATER_MS + 100 * Math.min(rank, 20));
  throw error;
}

/** What several processes carry out together, and the options with which they do not. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  train: ["plan"],
  "lm train": [],
  experiment: [],
  eval: ["compare", "paths"],
  transcribe: [],
};

/** Throws UserError if several processes were started for what one does alone. */
export function expectTogether(command: Command, { size }: Pick<Watched, "size">): void {
  if (size === 1) return;
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  const name = names.join(" ");
  const options = command.opts<Record<string, unknown>>();
  const alone = TOGETHER[name]?.find((option) => options[option] !== undefined);
  if (!TOGETHER[name] || alone !== undefined)
    throw new UserError(
      `'${name}${alone === undefined ? "" : ` --${alone}`}' works in one process, but ${size} were started: run it without mpirun; ` +
        "train, lm train, experiment, eval and transcribe share their work out",
    );
  if ([...command.args, ...Object.values(options)].includes(STDIN))
    throw new UserError("standard input reaches only one of several processes: give a file instead of -");
}
