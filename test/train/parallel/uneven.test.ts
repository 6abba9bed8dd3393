import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { byEachAlone, byRootAlone, led } from "../../../train/parallel/uneven.ts";
import { each } from "./in_memory.ts";

/** Longer than between two signs of life, of which the others must not make an end. */
const LONG_MS = 1200;

it("what rank 0 finds alone, the others know, however long it takes", async () => {
  let ran = 0;
  const slowly = async (): Promise<number> => {
    ran++;
    await pause(LONG_MS);
    return 42;
  };
  expect(await each(3, (ranks) => byRootAlone(ranks, slowly))).toEqual([42, 42, 42]);
  expect(ran).toBe(1);
});

it("what rank 0 orders, all do, one thing after the other; all know how it ended", async () => {
  const done: string[] = [];
  const outcomes = await each(3, (ranks) =>
    led<string, number, { sum: number }>(
      ranks,
      async (together) => {
        let sum = await together("first");
        await pause(LONG_MS);
        sum += await together("second");
        return { sum: sum + (await together("third")) };
      },
      async (order) => {
        const values = Float64Array.of(ranks.rank + 1);
        await ranks.allReduce(values); // they exchange something while they do it
        done.push(`${order} by ${ranks.rank}`);
        return values[0] as number;
      },
    ),
  );
  expect(outcomes).toEqual([{ sum: 18 }, { sum: 18 }, { sum: 18 }]);
  const orders = ["first", "second", "third"];
  expect(done.map((text) => text.split(" ")[0])).toEqual(orders.flatMap((order) => [order, order, order]));
  expect(new Set(done).size).toBe(9);
});

it("an error of rank 0's is thrown there", async () => {
  const failing = each(2, async (ranks) => {
    const ended = led(
      ranks,
      () => Promise.reject(new Error("no room")),
      () => Promise.resolve(),
    );
    return ranks.rank === 0 ? ended : Promise.race([ended, pause(300, "waiting")]); // to be ended by rank 0
  });
  expect(await failing).toEqual(["Error: no room", "waiting"]);
});

it("what each gives, all know, in the order of the ranks, though one takes long", async () => {
  const outcomes = await each(3, (ranks) =>
    byEachAlone(ranks, async () => {
      if (ranks.rank === 1) await pause(LONG_MS);
      return { rank: ranks.rank, text: "é".repeat(ranks.rank) };
    }),
  );
  const all = [0, 1, 2].map((rank) => ({ rank, text: "é".repeat(rank) }));
  expect(outcomes).toEqual([all, all, all]);
});
