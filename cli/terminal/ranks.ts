import { setTimeout as pause } from "node:timers/promises";
import { RunError } from "../../engine/errors.ts";
import { openCommunicator } from "../../train/parallel/mpi.ts";
import { watched, type Watched } from "../../train/parallel/watched.ts";
import { exitCode, printError } from "./exit.ts";

/** How much later than rank 0 each rank says why it failed: where all fail alike, rank 0 has ended them before, and it is said once. */
const LATER_MS = 1000;

/**
 * Runs `body` with the processes that mpirun or srun started, or with this one alone. An error on one of them is printed, once, and ends
 * them all with its exit code.
 *
 * @param seconds that a process waits for the others at most
 */
export async function inRanks(seconds: number, body: (ranks: Watched) => Promise<void>): Promise<void> {
  const ranks = watched(await openCommunicator(), seconds, (message) => printError(new RunError(message)));
  if (ranks.size === 1) {
    await body(ranks);
    return ranks.finalize();
  }
  try {
    await body(ranks);
    await ranks.barrier();
    ranks.finalize();
  } catch (error) {
    if (ranks.rank > 0) await pause(LATER_MS + 100 * Math.min(ranks.rank, 20));
    printError(error);
    ranks.abort(exitCode(error));
    process.exit(exitCode(error)); // if it has not ended yet
  }
}
