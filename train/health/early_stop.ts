import type { Patience } from "../../checkpoint/state.ts";
export interface EarlyStopConfig {
  /** Evaluations in a row without a lower WER after which the run ends. */
  readonly patience: number;
  /** The WER must fall by more than this to count as lower. */
  readonly minDelta: number;
}

export const fullPatience: Patience = { lowest: null, evaluations: 0 };

/** The patience after one more evaluation; `wer` is that of the deepest path, which also decides the best checkpoint. */
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
