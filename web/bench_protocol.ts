// What the page and the worker of its benchmark say to each other: one request at a time, news while it runs, one answer.
import type { DeviceMeasurements } from "../bench/kernels.ts";
import type { BenchReport, KernelResult } from "../bench/report/schema.ts";

/** Which cases. */
export interface CaseSelection {
  /** Folders of kernels/; empty: all. */
  readonly operations: readonly string[];
  /** Only cases whose "operation: case" contains this, ignoring case. */
  readonly filter: string;
}

export interface TimeOrder extends CaseSelection {
  /** The small cases of the tests as well. */
  readonly all: boolean;
  /** Also time every variant that fits a case. */
  readonly variants: boolean;
}

export type BenchRequest =
  | { readonly call: "operations" }
  | { readonly call: "time"; readonly order: TimeOrder; readonly measured: DeviceMeasurements | undefined }
  | { readonly call: "tune"; readonly order: CaseSelection; readonly command: string }
  | { readonly call: "forget" }
  /** Checks the text of a report. */
  | { readonly call: "parse"; readonly text: string; readonly name: string };

export type BenchNews =
  | { readonly news: "measured"; readonly measured: DeviceMeasurements }
  | { readonly news: "progress"; readonly done: number; readonly total: number; readonly text: string }
  | { readonly news: "result"; readonly result: KernelResult };

export type BenchAnswer =
  | { readonly answer: "operations"; readonly names: readonly string[] }
  | { readonly answer: "timed" }
  /** Choices measured, and what went wrong besides. */
  | { readonly answer: "tuned"; readonly choices: number; readonly problems: readonly string[] }
  | { readonly answer: "forgotten" }
  | { readonly answer: "parsed"; readonly report: BenchReport }
  | { readonly answer: "fault"; readonly message: string };
