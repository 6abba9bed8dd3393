import type { DevRecord, StepRecord } from "../log/log_records.ts";

/** Where progress is shown: live if it is a terminal, else as plain lines. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean };

export interface ProgressOptions {
  /** Steps of the whole run, those before it was resumed too. */
  totalSteps: number;
  /** Default: stderr. */
  stream?: ProgressStream;
  /** Steps from one plain line to the next; default: a fiftieth of the run. */
  plainEvery?: number;
  /** A clock, in seconds. */
  now?: () => number;
}

export interface Progress {
  step(record: StepRecord): void;
  dev(record: DevRecord): void;
  /** A line that stays: a warning, a checkpoint. */
  message(text: string): void;
  /** Has to be called at the end, also after an error: a live display keeps the process alive and hides the cursor. */
  stop(): void;
}
