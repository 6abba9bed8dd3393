import type { CtcModel } from "../../model/ctc_model.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import { declareModel } from "../build_model.ts";
import { restoreCmvn } from "../../config/front_end.ts";
import { expectHead, type Checkpoint, type CheckpointState } from "../checkpoint.ts";
import { plainConfig, restoreConfig, type TrainConfig } from "../../config/config.ts";
import { decoderSchedule, repeatedDecoderLayers, type DepthPath } from "../../config/depths.ts";
import { countParameters, untiedParameters } from "../../model/parameter_counts.ts";
import { expectTensors } from "../safetensors/expect_tensors.ts";
import { ofBlocks, parseHuggingFaceState } from "../hugging_face/state.ts";
import type { SafeTensor } from "../safetensors/safetensors.ts";

/** Everything needed to recognise speech at one depth of a model, and nothing else. */
export interface FixedDepth {
  /** Its path is that of the source checkpoint. */
  readonly checkpoint: Checkpoint;
  readonly config: TrainConfig;
  readonly units: Units;
  readonly depth: number;
  /** Indices into the remaining physical blocks, from 0. */
  readonly schedule: DepthSchedule;
  /** Number of trainable values: each physical block counts once, however often it runs. */
  readonly parameters: number;
  /** Those of them that are an attention decoder's; 0 without one. */
  readonly decoderParameters: number;
  /** The same for a model of this depth whose layers share nothing. */
  readonly untied: number;
}

/**
 * Reduces a checkpoint to one depth: only the physical blocks on its path, renumbered in order, with an explicit list
 * as `unfold.order`; of the per-depth norms only its own; no optimiser moments, and none of the state that only
 * resuming needs. Tensors are the checkpoint's own, not copies, so results are bit-identical.
 *
 * @throws UserError naming the tensors that do not fit the checkpoint's config, or if the rest of it is damaged
 */
export function atFixedDepth(checkpoint: Checkpoint, config: TrainConfig, { depth, schedule }: DepthPath): FixedDepth {
  const { path, state } = checkpoint;
  const units = unitsFromJSON(state.units, path);
  restoreCmvn(state.cmvn, config, path); // throws if it is invalid
  const used = [...new Set(schedule)].sort((a, b) => a - b);
  const renumbered = schedule.map((block) => used.indexOf(block));
  const fixed = restoreConfig(
    plainConfig({
      ...config,
      model: { ...config.model, blocks: used.length },
      unfold: {
        ...config.unfold,
        order: renumbered,
        depths: [depth],
        shallow: "first",
        repeatable: null,
        decoder: decoderSchedule(config, depth)?.slice() ?? null,
      },
      // With per-depth norms, this selects those of this depth.
      loss: { ...config.loss, depthWeights: { [depth]: 1 }, middleDepths: 0 },
    }),
    path,
  );

  const built = declareModel(fixed, units.size, { lossScaled: false, blank: units.blank });
  expectHead(checkpoint, built);
  const {
    model: { scopes },
    parameters: declared,
  } = built;
  const before = (name: string): string => oldName(name, scopes, used);
  const found = expectTensors(
    checkpoint,
    [...declared.savedShapes].map(([name, shape]) => [before(name), shape]),
  );
  const tensors = new Map(
    [...declared.savedShapes.keys()].map((name) => [name, found.get(before(name)) as SafeTensor]),
  );
  const counts = countParameters(built);
  return {
    checkpoint: {
      path,
      state: { ...inferenceState(state, config, fixed, depth), ...huggingFaceOf(checkpoint, config, used) },
      tensors,
    },
    config: fixed,
    units,
    depth,
    schedule: renumbered,
    parameters: counts.whole,
    decoderParameters: counts.decoder,
    untied: untiedParameters(counts, used.length, schedule, repeatedDecoderLayers(config, depth)).whole,
  };
}

/** The checkpoint's name for a tensor of what is now block i: there it belongs to block `used[i]`. */
function oldName(name: string, { firstBlock }: CtcModel["scopes"], used: readonly number[]): string {
  const blocks = firstBlock.slice(0, -"0.".length);
  if (!name.startsWith(blocks)) return name;
  const [block = "", ...rest] = name.slice(blocks.length).split(".");
  return [`${blocks}${used[Number(block)]}`, ...rest].join(".");
}

/** What a Hugging Face export needs if the model came from there. */
function huggingFaceOf(
  { path, state: { huggingFace } }: Checkpoint,
  { model }: TrainConfig,
  used: readonly number[],
): Pick<CheckpointState, "huggingFace"> {
  return huggingFace && model.kind !== "conformer"
    ? { huggingFace: ofBlocks(parseHuggingFaceState(huggingFace, path), used, model) }
    : {};
}

/** Keeps the best WER only for the deepest path, which it was measured on. */
function inferenceState(
  { format, units, cmvn, step, seconds, sampler, best, averageOf }: CheckpointState,
  config: TrainConfig,
  fixed: TrainConfig,
  depth: number,
): CheckpointState {
  const isDeepest = depth === config.unfold.depths.at(-1);
  return {
    format,
    config: plainConfig(fixed),
    units,
    cmvn,
    step,
    seconds,
    sampler,
    best: isDeepest ? best : null,
    ...(averageOf && { averageOf }),
  };
}
