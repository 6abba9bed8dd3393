/** What the host does in a training step, in this order; all but the last only encode commands. */
export type PhaseName = "batch" | "encode forward" | "encode backward" | "optimizer" | "wait";

/** Runs one phase of a step and returns what it returns. A profile takes the time as well, of a promise until it settles. */
export type Phase = <T>(name: PhaseName, body: () => T) => T;

export const untimed: Phase = (_, body) => body();
