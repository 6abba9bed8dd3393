import type { Device } from "../../engine/device.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { Row } from "./config.ts";
import { measureCosts } from "./measure_costs.ts";
import { epochsWithin, runsOf, type RowCost } from "./plan.ts";
import { loadWorkload } from "./workload.ts";

export interface ChosenLength {
  readonly epochs: number;
  /** The measured cost of each row. */
  readonly rows: Record<string, RowCost>;
}

/**
 * Measures what a run of each row costs and fits all runs, and the timing at the end, into a budget of minutes.
 *
 * @param rounds rounds of the timing at the end
 * @returns undefined when the signal is aborted
 * @throws UserError if not even one epoch fits
 */
export async function chooseLength(
  device: Device,
  rows: readonly Row[],
  configOf: (row: Row) => TrainConfig,
  {
    minutes,
    rounds,
    observer,
    signal,
  }: { minutes: number; rounds: number; observer: RunObserver; signal: AbortSignal },
): Promise<ChosenLength | undefined> {
  const workload = await loadWorkload(device, configOf(rows[0] as Row), observer, signal);
  if (!workload) return undefined;
  const measured = await measureCosts(
    device,
    rows.map((row) => ({ name: row.name, runs: row.seeds, config: configOf(row) })),
    workload,
    observer,
    signal,
  );
  if (signal.aborted) return undefined;
  const costs = [...measured.values()];
  const shared =
    workload.readingSeconds + (rounds + 1) * costs.reduce((sum, { roundSeconds }) => sum + roundSeconds, 0);
  const epochs = epochsWithin(60 * minutes, costs, shared);
  observer.message(
    `${epochs} epochs of ${workload.batchesPerEpoch} batches for each of ${runsOf(rows).length} runs fit into ${minutes} minutes`,
  );
  return {
    epochs,
    rows: Object.fromEntries(
      [...measured].map(([name, { runs, epochSeconds, fixedSeconds }]) => [name, { runs, epochSeconds, fixedSeconds }]),
    ),
  };
}
