import { UserError } from "../../engine/errors.ts";
import type { UnfoldOrder } from "../../model/unfold.ts";
import { snakeKeys } from "../../config/camel_case.ts";
import { restoreConfig, type TrainConfig } from "../../config/config.ts";
import type { ModelFolder } from "./folder.ts";

/** How the seed unfolds. */
export interface SeedDepths {
  /** Depths to evaluate besides the seed's own; the largest is that of the deepest path. */
  readonly depths: readonly number[];
  readonly order: Extract<UnfoldOrder, string>;
}

/** Sizes that depend on the input and the units, which have config sections of their own. */
const FROM_OTHER_SECTIONS = ["inputDim", "vocabulary", "blank"];

/**
 * A complete training config for a seed made from a pretrained model: its model, features, sample rate, units, masking
 * and LayerDrop. Its data section is a placeholder: a run that starts from the seed has its own.
 *
 * @throws UserError if the deepest path is shallower than the seed, or the config's own checks fail
 */
export function seedConfig(
  { path, config, masking, layerDrop, sampleRate, normalise, units }: ModelFolder,
  blocks: number,
  { depths, order }: SeedDepths,
): TrainConfig {
  const deepest = Math.max(blocks, ...depths);
  if (depths.length > 0 && Math.max(...depths) < blocks)
    throw new UserError(
      `--depth: expected at least one no shallower than the seed of ${blocks} blocks, got ${depths.join(",")}`,
    );
  const sizes = Object.entries({ ...config, blocks }).filter(([key]) => !FROM_OTHER_SECTIONS.includes(key));
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
