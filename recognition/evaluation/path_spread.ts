import type { Device } from "../../engine/device.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import type { Units } from "../../model/units/units.ts";
import type { Utterance } from "../../data/dataset.ts";
import type { ChosenPaths } from "./choose_paths.ts";
import { evaluate, type EvaluateOptions } from "./evaluate.ts";

/** Word error rate along one path. */
export interface PathScore {
  readonly schedule: DepthSchedule;
  readonly wer: number;
}

/** How the word error rate of a depth varies with its path. */
export interface PathSpread {
  readonly depth: number;
  /** The number of legal paths, of which `paths` are some or all; rounded from 2^53 on. */
  readonly legalPaths: number;
  readonly mean: number;
  /** Of an even number of paths the mean of the two in the middle. */
  readonly median: number;
  /** n - 1 in the denominator; null for one path. */
  readonly standardDeviation: number | null;
  /** The path in the middle; of an even number of paths the better of the two. */
  readonly medianPath: PathScore;
  readonly paths: readonly PathScore[];
}

/** Paths that are evaluated together and share their prefixes. Each holds its logits, so device memory limits them. */
const TOGETHER = 8;

/** Evaluates every chosen path of each depth, some at a time, and summarises each depth. Progress counts utterances · paths. */
export async function evaluateSpread(
  device: Device,
  model: CtcModel,
  utterances: readonly Utterance[],
  chosen: readonly ChosenPaths[],
  units: Units,
  { onProgress, ...options }: Omit<EvaluateOptions, "loss" | "timed"> = {},
): Promise<PathSpread[]> {
  const total = chosen.reduce((sum, { schedules }) => sum + schedules.length, 0) * utterances.length;
  const spreads: PathSpread[] = [];
  let before = 0;
  for (const { depth, legal, schedules } of chosen) {
    const paths: PathScore[] = [];
    for (let start = 0; start < schedules.length; start += TOGETHER) {
      const group = schedules.slice(start, start + TOGETHER).map((schedule) => ({ depth, schedule }));
      const progress = onProgress && ((done: number): void => onProgress(before + done * group.length, total));
      const scores = await evaluate(device, model, utterances, group, units, {
        ...options,
        ...(progress && { onProgress: progress }),
      });
      scores.forEach(({ wer }, i) => paths.push({ schedule: (group[i] as { schedule: DepthSchedule }).schedule, wer }));
      before += group.length * utterances.length;
    }
    spreads.push({ depth, legalPaths: legal, ...summarise(paths), paths });
  }
  return spreads;
}

/** Mean, median and standard deviation of at least one path's error rates. */
export function summarise(
  paths: readonly PathScore[],
): Pick<PathSpread, "mean" | "median" | "standardDeviation" | "medianPath"> {
  const ascending = paths.toSorted((a, b) => a.wer - b.wer);
  const n = ascending.length;
  const [low, high] = [ascending[Math.floor((n - 1) / 2)], ascending[Math.floor(n / 2)]] as [PathScore, PathScore];
  const mean = ascending.reduce((sum, { wer }) => sum + wer, 0) / n;
  const squares = ascending.reduce((sum, { wer }) => sum + (wer - mean) ** 2, 0);
  return {
    mean,
    median: (low.wer + high.wer) / 2,
    standardDeviation: n > 1 ? Math.sqrt(squares / (n - 1)) : null,
    medianPath: low,
  };
}
