import { describe, expect, it } from "vitest";
import { node, ofSources } from "../../built.ts";
import { hasMpi, hasMpich, mpirun } from "./mpirun.ts";

/** Every rank prints one line of JSON, which is what `body` returns. */
const ranks = async (count: number, body: string, env: NodeJS.ProcessEnv = {}): Promise<unknown[]> => {
  const script = `
    import { openCommunicator } from "./train/parallel/mpi.ts";
    const comm = await openCommunicator();
    const { rank, size } = comm;
    const result = await (async () => { ${body} })();
    process.stdout.write(JSON.stringify(result) + "\\n");
    comm.finalize();`;
  const { status, stdout, stderr } = await mpirun(count, ofSources(script), { env });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
};

/** Prints why there is no communicator. */
const FAILING = `
  import { openCommunicator } from "./train/parallel/mpi.ts";
  await openCommunicator().catch((error) => console.log(error.name + ": " + error.message));`;

/** Whether sums, maxima and minima of floats and doubles of several lengths are right. */
const REDUCTIONS = `
  const of = (Kind, length) => Kind.from({ length }, (_, i) => (i % 97) * (rank + 1));
  const right = [];
  for (const length of [1, 3, 1000, 262_147])
    for (const Kind of [Float32Array, Float64Array])
      for (const reduction of ["sum", "max", "min"]) {
        const values = of(Kind, length);
        await comm.allReduce(values, reduction);
        const factor = { sum: (size * (size + 1)) / 2, max: size, min: 1 }[reduction];
        right.push(values.every((value, i) => value === (i % 97) * factor));
      }`;

describe.skipIf(!hasMpi)("with Open MPI", () => {
  it("2 ranks: sums, maxima and minima; a broadcast; places; calls that are not awaited keep their order, and timers go on meanwhile", async () => {
    const found = await ranks(
      2,
      `${REDUCTIONS}
       const floats = Float32Array.of(rank + 1, 2 * rank + 3), bytes = Uint8Array.of(rank + 7, 255);
       await comm.broadcast(floats);
       await comm.broadcast(bytes);
       await comm.barrier();
       let ticks = 0;
       const timer = setInterval(() => ticks++, 10);
       if (rank === 1) await new Promise((resolve) => setTimeout(resolve, 500));
       const [a, b] = [Float32Array.of(rank), Float32Array.of(10 * rank)];
       await Promise.all([comm.allReduce(a), comm.allReduce(b), comm.barrier()]);
       clearInterval(timer);
       const [from, dealt, gathered] = [Uint16Array.of(10 * rank, 10 * rank + 1), new Uint16Array(2), new Uint16Array(4)];
       await comm.allToAll(from, dealt);
       await comm.allGather(from, gathered);
       const moved = [[...dealt], [...gathered]];
       const local = [comm.localRank, comm.localSize];
       return { right, rank, moved, size, local, floats: [...floats], bytes: [...bytes], sums: [a[0], b[0]], ticked: ticks > 5 };`,
    );
    const right = Array(24).fill(true);
    const same = { right, size: 2, floats: [1, 3], bytes: [7, 255], sums: [1, 10], ticked: true };
    expect(found).toHaveLength(2);
    for (const rank of [0, 1])
      expect(found).toContainEqual({
        rank,
        moved: [
          [rank, 10 + rank],
          [0, 1, 10, 11],
        ],
        local: [rank, 2],
        ...same,
      });
  }, 60_000);

  it("4 ranks: sums, maxima and minima; random sums have the same bits on all ranks and in each run", async () => {
    const body = `${REDUCTIONS}
      const { createHash } = await import("node:crypto");
      const { uniform } = await import("./engine/random.ts");
      const values = Float32Array.from({ length: 100_003 }, (_, i) => uniform(rank, i) - 0.5);
      await comm.allReduce(values);
      return { right, bits: createHash("sha256").update(values).digest("hex") };`;
    const found = [...(await ranks(4, body)), ...(await ranks(4, body))] as { right: boolean[]; bits: string }[];
    expect(found.map(({ right }) => right)).toEqual(Array(8).fill(Array(24).fill(true)));
    expect(new Set(found.map(({ bits }) => bits)).size).toBe(1);
  }, 60_000);

  it("a library that is missing, and one of another MPI than the launcher's, are one sentence", async () => {
    const { stdout } = await mpirun(1, ofSources(FAILING), { env: { UNFOLD_MPI: "/nowhere/libmpi.so" } });
    expect(stdout).toMatch(/^UserError: UNFOLD_MPI names \/nowhere\/libmpi\.so, which cannot be loaded: [^\n]+\n$/u);

    const launchedByHydra = { PMI_RANK: "0", PMI_SIZE: "2", UNFOLD_MPI: "libmpi.so.40" };
    expect((await node(ofSources(FAILING), launchedByHydra)).stdout).toMatch(
      /^UserError: the launcher started 2 ranks, but libmpi\.so\.40 sees 1: it belongs to another MPI than the launcher; [^\n]+\n$/u,
    );
  }, 60_000);

  it("abort ends the others with its code", async () => {
    const script = `
      import { openCommunicator } from "./train/parallel/mpi.ts";
      const comm = await openCommunicator();
      if (comm.rank === 1) comm.abort(3);
      await comm.barrier();`;
    expect((await mpirun(2, ofSources(script), { seconds: 20 })).status).toBe(3);
  }, 30_000);
});

it.skipIf(hasMpich)("launched ranks without a library: the package to install", async () => {
  const { stdout } = await node(ofSources(FAILING), { PMI_RANK: "0", PMI_SIZE: "2" });
  expect(stdout).toMatch(
    /^UserError: several processes were started .+ install MPICH \(Debian and Ubuntu: mpich libmpich12\), or set UNFOLD_MPI /u,
  );
});
