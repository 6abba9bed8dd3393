import type { Communicator } from "./communicator.ts";

/** Parts that a wait is counted in: a rank that was itself stopped, and is continued, does not count the time between. */
const TICKS = 20;

/** Seconds, where no config says it. */
const PATIENCE = 300;

/** A communicator whose every call must settle in time. */
export interface Watched extends Communicator {
  /** What the ranks are at, for the message: `step 12`. */
  at: string;
  /** The time, in seconds. */
  patience: number;
}

/**
 * Ends all ranks when one of them has waited too long for the others: a rank that was stopped, or whose link is cut, sends no error.
 *
 * @param report receives the sentence before everything ends
 */
export function watched(ranks: Communicator, report: (message: string) => void): Watched {
  const inTime = async <T>(call: Promise<T>): Promise<T> => {
    const { patience } = self;
    let ticks = 0;
    const timer = setInterval(
      () => {
        if (++ticks < TICKS) return;
        clearInterval(timer);
        report(
          `rank ${ranks.rank} has waited ${patience} s for the other ${ranks.size - 1 === 1 ? "rank" : "ranks"} at ${self.at}: ` +
            "one of them has stopped or cannot be reached (parallel.timeout_s)",
        );
        ranks.abort(1);
      },
      (patience * 1000) / TICKS,
    );
    return call.finally(() => clearInterval(timer));
  };
  const self: Watched = {
    ...ranks,
    at: "the start",
    patience: PATIENCE,
    allReduce: (values, reduction) => inTime(ranks.allReduce(values, reduction)),
    broadcast: (values, root) => inTime(ranks.broadcast(values, root)),
    allToAll: (from, to) => inTime(ranks.allToAll(from, to)),
    allGather: (from, to) => inTime(ranks.allGather(from, to)),
    barrier: () => inTime(ranks.barrier()),
  };
  return self;
}
