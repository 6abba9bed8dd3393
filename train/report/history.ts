import type {
  AverageRecord,
  DevRecord,
  LogRecord,
  PlanRecord,
  ResultRecord,
  StartRecord,
  StepRecord,
} from "../log/log_records.ts";
import type { PerDepth } from "../../checkpoint/state.ts";

/** A log, arranged by what a report shows. */
export interface History {
  /** From the run's last part; `began` is the time of its first. */
  start: StartRecord | null;
  began: string | null;
  /** From the run's last part. */ plan: PlanRecord | null;
  parts: number;
  steps: StepRecord[];
  devs: DevRecord[];
  /** The last one of each set. */
  results: ResultRecord[];
  /** Checkpoint average, if the run made one. */
  average: AverageRecord | null;
  /** With the number of times each was logged. */
  warnings: Map<string, number>;
  /** Why the run ended; null if it is still running or was killed. */
  end: string | null;
  /** All depths that were trained or evaluated, shallow first. */
  depths: number[];
}

export function readHistory(records: readonly LogRecord[]): History {
  const ofType = <T extends LogRecord["type"]>(type: T) =>
    records.filter((record): record is Extract<LogRecord, { type: T }> => record.type === type);
  const starts = ofType("start");
  const [steps, devs] = [ofType("step"), ofType("dev")];
  const results = new Map(ofType("result").map((record) => [record.set, record]));
  const warnings = new Map<string, number>();
  for (const { message } of ofType("warning")) warnings.set(message, (warnings.get(message) ?? 0) + 1);
  const last = records.at(-1);
  const depths = new Set(
    [...steps.map(({ ctc }) => ctc), ...devs.map(({ wer }) => wer)].flatMap((values) =>
      Object.keys(values).map(Number),
    ),
  );
  for (const { rows } of results.values()) for (const { depth } of rows) depths.add(depth);
  return {
    start: starts.at(-1) ?? null,
    began: starts[0]?.time ?? null,
    plan: ofType("plan").at(-1) ?? null,
    parts: starts.length,
    steps,
    devs,
    results: [...results.values()],
    average: ofType("average").at(-1) ?? null,
    warnings,
    end: last?.type === "end" ? last.reason : null,
    depths: [...depths].sort((a, b) => a - b),
  };
}

/**
 * At most `most` records: neighbours are averaged, so that a long run gives curves of the same size as a short one.
 * Missing values and NaN are left out of the means.
 */
export function thinSteps(steps: readonly StepRecord[], most: number): StepRecord[] {
  const group = Math.ceil(steps.length / most);
  if (group <= 1) return [...steps];
  return Array.from({ length: Math.ceil(steps.length / group) }, (_, i) =>
    averageSteps(steps.slice(i * group, (i + 1) * group)),
  );
}

function averageSteps(group: readonly StepRecord[]): StepRecord {
  const last = group.at(-1)!;
  const of = (pick: (record: StepRecord) => number | undefined) => mean(group.map(pick));
  const ofDepths = (pick: (record: StepRecord) => PerDepth | undefined): PerDepth =>
    Object.fromEntries(
      [...new Set(group.flatMap((record) => Object.keys(pick(record) ?? {})))].map((depth) => [
        depth,
        of((record) => pick(record)?.[depth]),
      ]),
    );
  return {
    ...last,
    loss: of(({ loss }) => loss),
    ctc: ofDepths(({ ctc }) => ctc),
    ...(group.some(({ attention }) => attention) && { attention: ofDepths(({ attention }) => attention) }),
    kl: of(({ kl }) => kl),
    learningRate: of(({ learningRate }) => learningRate),
    gradNorm: of(({ gradNorm }) => gradNorm),
    framesPerSecond: of(({ framesPerSecond }) => framesPerSecond),
    dataWaitShare: of(({ dataWaitShare }) => dataWaitShare),
  };
}

function mean(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  return known.length === 0 ? NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
}
