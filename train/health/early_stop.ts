import type { Patience } from "../../checkpoint/state.ts";
export interface EarlyStopConfig {
  /** Evaluations in a row without a lower WER that end the run. */
  readonly patience: number;
  /** By how much a WER has to be lower, to count. */
  readonly minDelta: number;
}

export const fullPatience: Patience = { lowest: null, evaluations: 0 };

/** The patience after one more evaluation, of the deepest path: it is the one that the best checkpoint is chosen by. */
export function afterEvaluation(
  { lowest, evaluations }: Patience,
  wer: number,
  { minDelta }: EarlyStopConfig,
): Patience {
  return wer < (lowest ?? Infinity) - minDelta
    ? { lowest: wer, evaluations: 0 }
    : { lowest, evaluations: evaluations + 1 };
}

export const isExhausted = ({ evaluations }: Patience, config: EarlyStopConfig | null): boolean =>
  config !== null && evaluations >= config.patience;
