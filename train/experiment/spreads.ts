import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { configuredSearch } from "../../recognition/decoder_search.ts";
import { openRecogniser } from "../../recognition/open_recogniser.ts";
import { choosePaths, type PathChoice } from "../../recognition/evaluation/choose_paths.ts";
import { evaluateManifestAndPaths } from "../../recognition/evaluation/evaluate_manifest.ts";
import { summarise, type PathSpread } from "../../recognition/evaluation/path_spread.ts";
import { readManifest } from "../../data/manifest/manifest.ts";
import type { TrainConfig } from "../../config/config.ts";
import { BEST_FILE } from "../run/kept_checkpoints.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { RunResult, TestedRow } from "./results.ts";

/** How the word error rate of a row at one depth varies with the path, on one test set. */
export interface SpreadSummary {
  readonly row: string;
  readonly depth: number;
  readonly set: string;
  readonly seeds: readonly number[];
  readonly paths: number;
  /** Means over the seeds of each seed's mean, median, standard deviation, lowest and highest rate over its paths. */
  readonly mean: number;
  readonly median: number;
  readonly deviation: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Tests a finished run's best checkpoint along several paths of each depth, on every test set.
 *
 * @returns by test set, the depths that have more than one path; empty where the run's order has one path for each depth
 */
export async function measureSpreads(
  device: Device,
  config: TrainConfig,
  folder: string,
  choice: PathChoice,
  observer: RunObserver,
): Promise<Map<string, PathSpread[]>> {
  const deep = config.unfold.depths.filter((depth) => depth > config.model.blocks);
  if (config.unfold.order !== "repeat" || deep.length === 0) return new Map();
  const chosen = choosePaths(config, deep, choice).filter(({ schedules }) => schedules.length > 1);
  if (chosen.length === 0) return new Map();
  const recogniser = openRecogniser(device, join(folder, BEST_FILE));
  try {
    const spreads = new Map<string, PathSpread[]>();
    for (const { name, manifest } of config.data.test) {
      const entries = await readManifest(manifest);
      const settings = { ...config.eval, decoding: configuredSearch(config.eval) };
      const found = await evaluateManifestAndPaths(device, recogniser, entries, [], chosen, settings, observer, {
        timed: false,
      });
      spreads.set(name, found.spreads);
    }
    return spreads;
  } finally {
    recogniser.parameters.release();
  }
}

/** Over the seeds of each line of a table. */
export const spreadsOf = (lines: readonly TestedRow[], results: readonly RunResult[]): SpreadSummary[] =>
  lines.flatMap(({ row, depth, errors }) =>
    errors.flatMap(({ set }) => {
      const found = results.flatMap((run) => {
        const spread = run.row === row ? run.sets[set]?.spreads[depth] : undefined;
        return spread
          ? [{ seed: run.seed, rates: spread.paths.map(({ wer }) => wer), ...summarise(spread.paths) }]
          : [];
      });
      if (found.length === 0) return [];
      const over = (of: (spread: (typeof found)[number]) => number): number =>
        found.reduce((sum, spread) => sum + of(spread), 0) / found.length;
      return [
        {
          row,
          depth,
          set,
          seeds: found.map(({ seed }) => seed),
          paths: found[0]!.rates.length,
          mean: over(({ mean }) => mean),
          median: over(({ median }) => median),
          deviation: over(({ standardDeviation }) => standardDeviation ?? 0),
          lowest: over(({ rates }) => Math.min(...rates)),
          highest: over(({ rates }) => Math.max(...rates)),
        },
      ];
    }),
  );
