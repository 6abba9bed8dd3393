import { UserError } from "../../engine/errors.ts";

/** Families of MPI libraries: Open MPI, and MPICH with those that share its binary interface (Intel MPI, MVAPICH, Cray). */
export type MpiFamily = "openmpi" | "mpich";

/** What a launcher tells a process that it has started. */
export interface Launched {
  /** The family that the launcher belongs to; undefined if it does not say. */
  readonly family: MpiFamily | undefined;
  readonly rank: number;
  readonly size: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what `mpirun`, `mpiexec` or `srun` put into the environment; undefined for a process that was started by none of them. A job of a
 * single task under Slurm counts as started by none, since a plain `sbatch` script looks the same.
 *
 * @throws UserError if the numbers are none
 */
export function launchedBy(env: Environment = process.env): Launched | undefined {
  for (const { family, rank, size } of LAUNCHERS) {
    const [ranks, own] = [env[size], env[rank]];
    if (!ranks || !own) continue;
    const launched = { family: family(env), rank: whole(rank, own), size: whole(size, ranks) };
    if (launched.rank >= launched.size)
      throw new UserError(
        `${rank}=${own} and ${size}=${ranks} in the environment: the rank must be below their number`,
      );
    return family === slurm && launched.size === 1 ? undefined : launched;
  }
  return undefined;
}

/** `srun --mpi=pmix` is Open MPI's way, `--mpi=pmi2` MPICH's, and `--mpi=none` nobody's. */
const slurm = (env: Environment): MpiFamily | undefined =>
  env["PMIX_RANK"] ? "openmpi" : env["PMI_FD"] || env["PMI_RANK"] ? "mpich" : undefined;

/** The first that applies. Hydra, the launcher of MPICH and of Intel MPI, sets PMI_*. */
const LAUNCHERS: readonly {
  readonly family: (env: Environment) => MpiFamily | undefined;
  readonly rank: string;
  readonly size: string;
}[] = [
  { family: () => "openmpi", rank: "OMPI_COMM_WORLD_RANK", size: "OMPI_COMM_WORLD_SIZE" },
  { family: slurm, rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS" },
  { family: () => "mpich", rank: "PMI_RANK", size: "PMI_SIZE" },
];

function whole(name: string, text: string): number {
  if (!/^\d+$/u.test(text)) throw new UserError(`${name}=${text} in the environment: expected a whole number`);
  return Number(text);
}

/** Refuses a library that does not see the ranks that the launcher started: each process would then train alone, n times the same. */
export function expectAllRanks(launched: Launched, seen: number, library: string): void {
  if (launched.size !== seen)
    throw new UserError(
      `the launcher started ${launched.size} ranks, but ${library} sees ${seen}: it belongs to another MPI than the launcher; ` +
        "start with that library's own mpirun, or set UNFOLD_MPI to the launcher's libmpi",
    );
}
