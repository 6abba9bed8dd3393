import { UserError } from "../../engine/errors.ts";
import type { UnfoldOrder } from "../../model/unfold.ts";
import { snakeKeys } from "../../config/camel_case.ts";
import { restoreConfig, type TrainConfig } from "../../config/config.ts";
import type { ModelFolder } from "./folder.ts";

/** How the seed unfolds. */
export interface SeedDepths {
  /** Depths that are evaluated besides the seed's own, the largest of them the deep path's. */
  readonly depths: readonly number[];
  readonly order: Extract<UnfoldOrder, string>;
}

/** What a model's sizes say of its input and its units, which sections of their own say in a config. */
const OF_UNITS = ["inputDim", "vocabulary", "blank"];

/**
 * A complete training config of a seed that was made of a pretrained model: its model, features, sample rate, units, masking and LayerDrop.
 * What it says of data means nothing yet: a run that starts from the seed has its own.
 *
 * @throws UserError where the deepest path is not as deep as the seed, or the config's own checks fail
 */
export function seedConfig(
  { path, config, masking, layerDrop, sampleRate, normalise, units }: ModelFolder,
  blocks: number,
  { depths, order }: SeedDepths,
): TrainConfig {
  const deepest = Math.max(blocks, ...depths);
  if (depths.length > 0 && Math.max(...depths) < blocks)
    throw new UserError(
      `--depth: expected at least one that is as deep as the seed of ${blocks} blocks, got ${depths.join(",")}`,
    );
  const sizes = Object.entries({ ...config, blocks }).filter(([key]) => !OF_UNITS.includes(key));
  return restoreConfig(
    {
      data: { folder: ".", train: "train.jsonl", dev: "dev.jsonl", sample_rate: sampleRate },
      features: { kind: "waveform", normalise },
      units: { kind: units ? "vocabulary" : "characters" },
      masking,
      loss: { layer_drop: layerDrop },
      model: snakeKeys(Object.fromEntries(sizes)),
      unfold: { order, depths: [...new Set([blocks, ...depths, deepest])] },
    },
    path,
  );
}
