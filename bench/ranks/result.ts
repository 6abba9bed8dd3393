import type { Assumptions } from "./efficiency.ts";
import type { MeasuredSteps } from "./steps.ts";

/** All-reduces by so many ranks, least of several turns, beside a memory copy of the same size. */
export interface Exchanges {
  readonly ranks: number;
  readonly sizes: readonly { readonly megabytes: number; readonly allReduceMs: number; readonly copyMs: number }[];
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
