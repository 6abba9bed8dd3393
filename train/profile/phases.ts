/** The host's phases of a training step, in order; only the first and the last wait for anything. */
export type PhaseName = "batch" | "encode forward" | "encode backward" | "optimizer" | "wait";

/** Runs one phase of a step and returns its result. A profile also times it, a promise until it settles. */
export type Phase = <T>(name: PhaseName, body: () => T) => T;

export const untimed: Phase = (_, body) => body();
