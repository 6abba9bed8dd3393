import { alone, type Communicator, type Exchanged, type Reduction } from "../../../train/parallel/communicator.ts";

const REDUCTIONS: Record<Reduction, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  max: Math.max,
  min: Math.min,
};

/** Ranks within this process, on one host: for what they agree on, without MPI. Each must call the same methods in the same order. */
export function inMemory(size: number): Communicator[] {
  /** What the ranks have brought to their first call, their second, and so on. */
  const calls: { readonly arrays: object[]; readonly settle: (() => void)[] }[] = [];
  return Array.from({ length: size }, (_, rank): Communicator => {
    let next = 0;
    const meet = <Values extends object>(values: Values, combine: (arrays: readonly Values[]) => void): Promise<void> =>
      new Promise((settle) => {
        const call = (calls[next++] ??= { arrays: [], settle: [] });
        call.arrays[rank] = values;
        if (call.settle.push(settle) < size) return;
        combine(call.arrays as Values[]);
        for (const each of call.settle) each();
      });
    const spread = (arrays: readonly Exchanged[], result: ArrayLike<number>): void =>
      arrays.forEach((values) => values.set(result));
    return {
      ...alone,
      rank,
      size,
      localRank: rank,
      localSize: size,
      name: "memory",
      allReduce: (values, reduction = "sum") =>
        meet(values, (arrays) => {
          const [first, ...others] = arrays.map((array) => array.slice()) as [Exchanged, ...Exchanged[]];
          const reduce = REDUCTIONS[reduction];
          spread(
            arrays,
            first.map((value, i) => others.reduce((sum, other) => reduce(sum, other[i] as number), value)),
          );
        }),
      broadcast: (values, root = 0) => meet(values, (arrays) => spread(arrays, (arrays[root] as Exchanged).slice())),
      allToAll: (from, to) =>
        meet({ from, to }, (both) => {
          const part = from.length / size;
          both.forEach(({ to: own }, i) =>
            both.forEach(({ from: other }, j) => own.set(other.subarray(i * part, (i + 1) * part), j * part)),
          );
        }),
      allGather: (from, to) =>
        meet({ from, to }, (both) =>
          both.forEach(({ to: own }) => both.forEach(({ from: other }, j) => own.set(other, j * other.length))),
        ),
      barrier: () => meet(new Uint8Array(), () => undefined),
    };
  });
}

/** What each of so many ranks returns, or its error's name and message. */
export const each = (size: number, body: (ranks: Communicator) => Promise<unknown>): Promise<unknown[]> =>
  Promise.all(inMemory(size).map((ranks) => body(ranks).catch((error: Error) => `${error.name}: ${error.message}`)));
