import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import { averageCheckpoints } from "../checkpoint/average.ts";
import type { BuiltModel } from "../checkpoint/build_model.ts";
import { restoreParameters, type CheckpointState } from "../checkpoint/checkpoint.ts";
import { loadCheckpoint, writeCheckpoint } from "../checkpoint/checkpoint_file.ts";
import type { TrainConfig } from "../config/config.ts";
import type { RunData } from "./run_data.ts";
import { ratesByDepth, evaluate, type DepthScore } from "../recognition/evaluation/evaluate.ts";
import { evaluatedPaths, judgedDepth } from "../config/depths.ts";
import { isBetter, type KeptCheckpoints } from "./run/kept_checkpoints.ts";
import type { LogRecord } from "./log/log.ts";
import { formatPercent } from "../data/text/number_format.ts";
import type { RunObserver } from "./run/run_observer.ts";

/**
 * Loads the weights to test after training: the best checkpoint's or, with `checkpoint.average`, the average of the kept
 * checkpoints if it scores better on dev at the deepest path. Writes the average to `average.safetensors` either way.
 */
export async function chooseWeights(
  device: Device,
  config: TrainConfig,
  { model, parameters }: BuiltModel,
  { dev, units, search }: RunData,
  checkpoints: KeptCheckpoints,
  observer: RunObserver,
  write: (record: LogRecord) => void,
  folder: string,
): Promise<void> {
  const restoreBest = (): CheckpointState => {
    const best = loadCheckpoint(checkpoints.path("best"));
    restoreParameters(best, parameters, { moments: false });
    best.close();
    return best.state;
  };
  const best = restoreBest();
  const { average } = config.checkpoint;
  if (!average) return;
  const files = checkpoints.files(average.of, average.count);
  if (files.length < 2)
    return write({
      type: "warning",
      message: `checkpoint.average: fewer than two checkpoints were kept, so there is nothing to average`,
    });

  const mean = averageCheckpoints(files);
  writeCheckpoint(join(folder, "average.safetensors"), mean.tensors, mean.state);
  restoreParameters(mean, parameters, { moments: false });
  const scores = await evaluate(device, model, dev.utterances, evaluatedPaths(config), units, search);
  const { wer, cer } = ratesByDepth(scores);
  const { wer: meanWer, cer: meanCer } = scores.find(({ depth }) => depth === judgedDepth(config)) as DepthScore;
  const bestScore = best.best ?? { wer: Infinity };
  const bestWer = bestScore.wer;
  const tested = isBetter({ wer: meanWer, cer: meanCer }, bestScore) ? "average" : "best";
  write({ type: "average", of: average.of, steps: [...(mean.state.averageOf ?? [])], wer, cer, bestWer, tested });
  observer.message(
    `dev WER: ${formatPercent(meanWer, 2)} for the average of ${files.length} checkpoints, ${formatPercent(bestWer, 2)} for the best one; testing the ${tested === "best" ? "best one" : "average"}`,
  );
  if (tested === "best") restoreBest();
}
