import type { DevRecord, LanguageModelDevRecord, LanguageModelStepRecord, StepRecord } from "../log/log_records.ts";

/** Records of a recogniser or a language model. */
export type AnyStep = StepRecord | LanguageModelStepRecord;
export type AnyDev = DevRecord | LanguageModelDevRecord;

/** Where progress is shown: live on a terminal, otherwise as plain lines. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean };

export interface ProgressOptions {
  /** Steps of the whole run, including those before it was resumed. */
  totalSteps: number;
  /** Default: stderr. */
  stream?: ProgressStream;
  /** Steps between plain lines; default: a fiftieth of the run. */
  plainEvery?: number;
  /** A clock, in seconds. */
  now?: () => number;
}

export interface Progress {
  step(record: AnyStep): void;
  dev(record: AnyDev): void;
  /** A line that stays: a warning, a checkpoint. */
  message(text: string): void;
  /** Must be called at the end, even after an error: a live display keeps the process alive and hides the cursor. */
  stop(): void;
}
