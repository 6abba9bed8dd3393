import type { Device } from "../../engine/device.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { attentionName } from "./attention_name.ts";
import type { StepRecord } from "./log_records.ts";
import { MetricsRing, meanOf } from "./metrics_ring.ts";
import { type MetricsRow } from "../../checkpoint/state.ts";

/** Identifies the batch that some metrics belong to, with enough to recreate it. */
export interface BatchOrigin {
  /** Steps completed before it, and its index among the step's accumulated batches. */
  readonly step: number;
  readonly part: number;
  readonly epoch: number;
  /** Its utterances, as indices into the training set. */
  readonly indices: readonly number[];
  /** Utterances that are too short for their texts. */
  readonly infeasible: number;
}

/** A batch whose loss or gradient is not finite. */
export interface Divergence {
  readonly origin: BatchOrigin;
  readonly row: MetricsRow;
}

/** Carries the metrics of a run's batches from the device to the means in the log. */
export class RunMetrics {
  readonly #ring: MetricsRing;
  #origins: BatchOrigin[] = [];
  #unlogged: MetricsRow[];

  /**
   * @param names    of the metrics
   * @param capacity batches between two log records
   * @param unlogged metrics kept in a checkpoint
   */
  constructor(device: Device, names: readonly string[], capacity: number, unlogged: readonly MetricsRow[] = []) {
    this.#ring = new MetricsRing(device, names, capacity);
    this.#unlogged = [...unlogged];
  }

  /** Keeps what `trainingStep` returned for a batch, on the device. */
  push(values: Readonly<Record<string, Tensor | undefined>>, origin: BatchOrigin): void {
    this.#ring.push(values);
    this.#origins.push(origin);
  }

  /** Reads back the metrics of the latest batches. Returns the first batch with a non-finite one, if any. */
  async collect(): Promise<Divergence | undefined> {
    const origins = this.#origins;
    this.#origins = [];
    const rows = (await this.#ring.drain()).map(withoutSkipped);
    const bad = rows.findIndex((row) => Object.values(row).some((value) => !Number.isFinite(value)));
    if (bad >= 0) return { origin: origins[bad] as BatchOrigin, row: rows[bad] as MetricsRow };
    this.#unlogged.push(...rows.map((row, i) => ({ ...row, infeasible: (origins[i] as BatchOrigin).infeasible })));
    return undefined;
  }

  /** Metrics collected since the last log record, for a checkpoint. */
  get unlogged(): readonly MetricsRow[] {
    return this.#unlogged;
  }

  /** The unlogged metrics, for the next log record. Discards them. */
  take(): readonly MetricsRow[] {
    const rows = this.#unlogged;
    this.#unlogged = [];
    return rows;
  }

  release(): void {
    this.#ring.release();
  }
}

/** The names of the metrics of a model with these depths. */
export const metricNames = (depths: readonly string[]): string[] => [
  ...COMMON_METRICS,
  "kl",
  ...depths,
  ...depths.map(attentionName),
];

/** The metrics of any model. */
export const COMMON_METRICS = ["loss", "gradNorm", "lossScale", "skippedSteps"] as const;

/** The means that any model's log record has. */
export function commonMeans(
  rows: readonly MetricsRow[],
): Pick<StepRecord, "loss" | "gradNorm" | "lossScale" | "skippedSteps"> {
  const { lossScale, skippedSteps = 0 } = rows.at(-1) ?? {};
  return {
    loss: meanOf(rows, "loss"),
    gradNorm: meanOf(rows, "gradNorm"),
    ...(lossScale !== undefined && { lossScale, skippedSteps }),
  };
}

/** The means of a recogniser's log record. */
export function meansOf(
  rows: readonly MetricsRow[],
  depths: readonly string[],
): Pick<StepRecord, "loss" | "ctc" | "attention" | "kl" | "gradNorm" | "infeasible" | "lossScale" | "skippedSteps"> {
  return {
    ...commonMeans(rows),
    ctc: Object.fromEntries(depths.map((depth) => [depth, meanOf(rows, depth)])),
    ...(rows.some((row) => depths.some((depth) => attentionName(depth) in row)) && {
      attention: Object.fromEntries(depths.map((depth) => [depth, meanOf(rows, attentionName(depth))])),
    }),
    kl: meanOf(rows, "kl"),
    infeasible: rows.reduce((sum, { infeasible = 0 }) => sum + infeasible, 0),
  };
}

/**
 * Drops the norm of an overflowed gradient: its step was skipped and the next has a smaller loss scale. At a scale of 1
 * it is kept, as a divergence.
 */
function withoutSkipped({ gradNorm, ...row }: MetricsRow): MetricsRow {
  const skipped = gradNorm === undefined || (!Number.isFinite(gradNorm) && (row.lossScale ?? 1) > 1);
  return skipped ? row : { ...row, gradNorm };
}
