import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import { formatUtterance } from "../recognition/evaluation/alignment_text.ts";
import type { BuiltModel } from "../checkpoint/build_model.ts";
import { writeAtomically } from "../data/files/atomic_file.ts";
import type { TrainConfig } from "../config/config.ts";
import type { RunData } from "./run_data.ts";
import { evaluatedPaths, repeatedDecoderLayers, type DepthPath } from "../config/depths.ts";
import { countParameters, parametersOf, untiedParameters, type ParameterCounts } from "../model/parameter_counts.ts";
import { evaluate, type DepthScore } from "../recognition/evaluation/evaluate.ts";
import type { LogRecord, ResultRow } from "./log/log.ts";
import type { RunObserver } from "./run/run_observer.ts";

/** Evaluates a model on every test set at every depth, timing each depth separately, and writes the alignments. */
export async function testAllSets(
  device: Device,
  config: TrainConfig,
  built: BuiltModel,
  data: RunData,
  observer: RunObserver,
  write: (record: LogRecord) => void,
  folder: string,
): Promise<void> {
  const paths = evaluatedPaths(config);
  const counts = countParameters(built);
  for (const { name, set } of data.tests) {
    const task = observer.task(`testing on ${name}`, set.utterances.length * paths.length);
    const scores = await evaluate(device, built.model, set.utterances, paths, data.units, {
      ...data.search,
      timed: true,
      onProgress: task.update,
    });
    task.stop();
    for (const score of scores)
      writeAtomically(join(folder, alignmentFile(name, score.depth)), Buffer.from(alignmentText(score)));
    write({
      type: "result",
      set: name,
      rows: scores.map((score, i) => resultRow(score, paths[i] as DepthPath, counts, config)),
    });
  }
}

export const alignmentFile = (set: string, depth: number): string => `alignments-${set}-${depth}.txt`;

export const alignmentText = ({ utterances }: DepthScore): string =>
  utterances.map(({ id, alignment }) => formatUtterance(id, alignment)).join("\n");

/** One depth's row of the results table: error rates, the parameters it loads, and those of a model that shares nothing. */
export function resultRow(
  score: DepthScore,
  { depth, schedule }: DepthPath,
  counts: ParameterCounts,
  config: TrainConfig,
): ResultRow {
  const { blocks } = config.model;
  const { substitutions, deletions, insertions, references } = score.words;
  const loaded = parametersOf(counts, blocks, schedule);
  return {
    depth,
    wer: score.wer,
    cer: score.cer,
    substitutions,
    deletions,
    insertions,
    words: references,
    parameters: loaded.whole,
    encoderParameters: loaded.encoder,
    untied: untiedParameters(counts, blocks, schedule, repeatedDecoderLayers(config, depth)),
    realTimeFactor: score.realTimeFactor ?? NaN,
  };
}
