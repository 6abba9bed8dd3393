import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import type { Sensitivity } from "../../checkpoint/sensitivity_file.ts";
import type { TrainConfig } from "../../config/config.ts";
import { hasOwnNorms, type DepthPath } from "../../config/depths.ts";
import type { Manifest } from "../../data/manifest/manifest.ts";
import type { Observer } from "../../data/observer.ts";
import type { Recogniser } from "../recogniser.ts";
import type { DepthScore } from "./evaluate.ts";
import { evaluateManifest, type DecodingSettings } from "./evaluate_manifest.ts";

/** A path without every application of one of its blocks. */
export interface ShortenedPath extends DepthPath {
  /** The block left out. */
  readonly block: number;
}

/**
 * For each physical block that a path runs, in ascending order: the path without it.
 *
 * @throws UserError if nothing would remain, or the shorter paths would need norms that the model does not have
 */
export function pathsWithoutOneBlock(
  { model }: Pick<TrainConfig, "model">,
  { depth, schedule }: DepthPath,
): ShortenedPath[] {
  if (hasOwnNorms(model))
    throw new UserError("a path without one of its blocks has no norms: model.norms is per_depth, expected shared");
  const blocks = [...new Set(schedule)].sort((a, b) => a - b);
  if (blocks.length < 2)
    throw new UserError(
      `no block can be left out at depth ${depth}: its path runs only block ${blocks[0]}, expected at least two`,
    );
  return blocks.map((block) => {
    const rest = schedule.filter((other) => other !== block);
    return { block, depth: rest.length, schedule: rest };
  });
}

/**
 * Measures a path's word error rate as a whole and with each of its physical blocks left out in turn. All paths run
 * together, so that what precedes a missing block is computed once: of n layers that run once, about n² / 2 block
 * applications instead of n².
 *
 * @throws UserError as `pathsWithoutOneBlock` and `evaluateManifest` do, and if the manifest has no words
 */
export async function measureSensitivity(
  device: Device,
  recogniser: Recogniser,
  manifest: Manifest,
  path: DepthPath,
  settings: DecodingSettings,
  observer: Observer,
): Promise<Sensitivity> {
  const shortened = pathsWithoutOneBlock(recogniser.config, path);
  const [whole, ...parts] = (await evaluateManifest(
    device,
    recogniser,
    manifest,
    [path, ...shortened],
    settings,
    observer,
    false,
  )) as [DepthScore, ...DepthScore[]];
  if (whole.words.references === 0)
    throw new UserError("the manifest's usable utterances have no words, so there is no word error rate");
  return {
    depth: path.depth,
    schedule: [...path.schedule],
    words: whole.words.references,
    wer: whole.wer,
    leftOut: parts.map(({ wer, words: { substitutions, deletions, insertions } }, i) => ({
      block: (shortened[i] as ShortenedPath).block,
      wer,
      substitutions,
      deletions,
      insertions,
    })),
  };
}
