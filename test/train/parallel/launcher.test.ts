import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { expectAllRanks, launchedBy } from "../../../train/parallel/launcher.ts";
import { openCommunicator } from "../../../train/parallel/mpi.ts";

it.each([
  ["mpirun of Open MPI", { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "4" }, "openmpi", 1, 4],
  ["mpirun of Open MPI, of one rank", { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" }, "openmpi", 0, 1],
  [
    "mpirun of Open MPI within a job of Slurm's",
    { OMPI_COMM_WORLD_RANK: "2", OMPI_COMM_WORLD_SIZE: "3", SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1" },
    "openmpi",
    2,
    3,
  ],
  ["mpiexec of MPICH or Intel MPI", { PMI_RANK: "3", PMI_SIZE: "8" }, "mpich", 3, 8],
  ["srun --mpi=pmix", { SLURM_PROCID: "2", SLURM_STEP_NUM_TASKS: "4", PMIX_RANK: "2" }, "openmpi", 2, 4],
  [
    "srun --mpi=pmi2",
    { SLURM_PROCID: "2", SLURM_STEP_NUM_TASKS: "4", PMI_FD: "7", PMI_RANK: "2", PMI_SIZE: "4" },
    "mpich",
    2,
    4,
  ],
  ["srun that speaks no MPI", { SLURM_PROCID: "2", SLURM_STEP_NUM_TASKS: "4" }, undefined, 2, 4],
])("%s tells rank and size", (_, env, family, rank, size) => {
  expect(launchedBy(env)).toEqual({ family, rank, size });
});

it("a process that nobody launched is alone, and so is a script of Slurm's", async () => {
  expect(launchedBy({})).toBeUndefined();
  expect(launchedBy({ SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1" })).toBeUndefined();
  const { rank, size, name } = await openCommunicator();
  expect({ rank, size, name }).toEqual({ rank: 0, size: 1, name: "none" });
});

it("numbers that are none are refused", () => {
  expect(() => launchedBy({ PMI_RANK: "x", PMI_SIZE: "8" })).toThrow(
    new UserError("PMI_RANK=x in the environment: expected a whole number"),
  );
  expect(() => launchedBy({ PMI_RANK: "8", PMI_SIZE: "8" })).toThrow(UserError);
});

it("a library that sees other ranks than the launcher started is refused", () => {
  expect(() => expectAllRanks({ family: "openmpi", rank: 0, size: 4 }, 4, "libmpi.so.40")).not.toThrow();
  expect(() => expectAllRanks({ family: "openmpi", rank: 0, size: 4 }, 1, "libmpich.so.12")).toThrow(
    /^the launcher started 4 ranks, but libmpich\.so\.12 sees 1: it belongs to another MPI than the launcher; /u,
  );
});
