import type { Assumptions } from "./efficiency.ts";
import type { MeasuredSteps } from "./steps.ts";

/** All-reduces by so many ranks, least of several turns, beside the same sums by halves and a memory copy of the same size. */
export interface Exchanges {
  readonly ranks: number;
  readonly sizes: readonly Readonly<Record<"megabytes" | "allReduceMs" | "halvesMs" | "copyMs", number>>[];
}

/** What the model says of one cluster. */
export interface Prediction extends Assumptions {
  readonly model: string;
  readonly parameters: number;
  readonly ranks: number;
  readonly efficiency: number;
}

export interface Result {
  readonly date: string;
  readonly cores: number;
  /** Of this machine, before and after. */
  readonly load: readonly number[];
  readonly steps: readonly MeasuredSteps[];
  readonly exchanges: readonly Exchanges[];
  readonly predictions: readonly Prediction[];
}
