import type { Observer } from "../../data/observer.ts";
import type { LogRecord } from "../log/log.ts";

/** Where a run's news goes besides the log. Tasks come before training begins, or after it. */
export interface RunObserver extends Observer {
  /** Training begins, or goes on after `step`. */
  begin(step: number, totalSteps: number): void;
  record(record: LogRecord): void;
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
