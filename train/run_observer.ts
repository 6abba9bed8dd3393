import type { LogRecord } from "./log.ts";

/** A piece of work with a known number of parts, as shown to the user. */
export interface TaskDisplay {
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
}

/** Where a run's news goes besides the log: a terminal, or nowhere in tests. */
export interface RunObserver {
  /** A task before or after training begins: reading data, testing. */
  task(label: string, total: number): TaskDisplay;
  /** Training begins, or goes on after `step`. */
  begin(step: number, totalSteps: number): void;
  record(record: LogRecord): void;
  message(text: string): void;
  /** Training is over, one way or the other. */
  end(): void;
}

export const silentObserver: RunObserver = {
  task: () => ({ update: () => undefined, stop: () => undefined }),
  begin: () => undefined,
  record: () => undefined,
  message: () => undefined,
  end: () => undefined,
};
