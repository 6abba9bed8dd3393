import type { Observer } from "../../data/observer.ts";
import type { LogRecord } from "../log/log.ts";

/** Receives a run's events besides the log. Tasks run only before or after training. */
export interface RunObserver extends Observer {
  /** Training begins, or resumes after `step`. */
  begin(step: number, totalSteps: number): void;
  record(record: LogRecord): void;
  /** Training has ended, successfully or not. */
  end(): void;
}

export const silentObserver: RunObserver = {
  task: () => ({ update: () => undefined, stop: () => undefined }),
  begin: () => undefined,
  record: () => undefined,
  message: () => undefined,
  end: () => undefined,
};
