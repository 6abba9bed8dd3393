// Started by mpirun in each rank: times all-reduces of several sizes, the same sums by halves, and a memory copy, in turn. Rank 0 prints the least of several turns.
import { HalfSum } from "../../train/parallel/half_sum.ts";
import { openCommunicator } from "../../train/parallel/mpi.ts";

const MEGABYTES = [0.25, 1, 4, 16, 64, 128];
const TURNS = 9;

const ranks = await openCommunicator();
const results = [];
for (const megabytes of MEGABYTES) {
  const values = new Float32Array((megabytes * 2 ** 20) / 4).fill(ranks.rank + 1);
  const other = new Float32Array(values.length);
  const halves = new HalfSum(ranks, values.length);
  const least = { allReduce: Infinity, halves: Infinity, copy: Infinity };
  for (let turn = 0; turn < TURNS; turn++) {
    await ranks.barrier();
    const started = performance.now();
    await ranks.allReduce(values);
    const reduced = performance.now();
    other.set(values);
    const copied = performance.now();
    await ranks.barrier();
    const together = performance.now();
    await halves.add(other);
    least.halves = Math.min(least.halves, performance.now() - together);
    least.allReduce = Math.min(least.allReduce, reduced - started);
    least.copy = Math.min(least.copy, copied - reduced);
  }
  const slowest = Float64Array.of(least.allReduce, least.copy, least.halves);
  await ranks.allReduce(slowest, "max");
  results.push({ megabytes, allReduceMs: slowest[0], copyMs: slowest[1], halvesMs: slowest[2] });
}
if (ranks.rank === 0) process.stdout.write(`${JSON.stringify(results)}\n`);
ranks.finalize();
