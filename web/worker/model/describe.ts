import { UserError } from "../../../engine/errors.ts";
import { declareModel, type BuiltModel } from "../../../checkpoint/build_model.ts";
import type { Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { restoreConfig, type TrainConfig } from "../../../config/config.ts";
import { depthsBetween, trainedDepths } from "../../../config/depths.ts";
import { buildFrontEnd } from "../../../config/front_end.ts";
import type { FrontEnd } from "../../../model/features/front_end.ts";
import { countParameters } from "../../../model/parameter_counts.ts";
import { depthSchedule, type DepthSchedule } from "../../../model/unfold.ts";
import { unitsFromJSON } from "../../../model/units/restore.ts";
import type { Units } from "../../../model/units/units.ts";
import { DEEPEST, type ModelReport, type Order } from "../../protocol.ts";
import { isOwn } from "../paths.ts";

/** A checkpoint's model before any of it is on a device. */
export interface Described {
  readonly config: TrainConfig;
  readonly units: Units;
  readonly frontEnd: FrontEnd;
  readonly declared: BuiltModel;
  /** Seconds of sound from one output frame to the next. */
  readonly secondsPerFrame: number;
}

/** Throws UserError if the checkpoint's state is damaged. */
export function describe({ path, state }: Checkpoint): Described {
  const config = restoreConfig(state.config, path);
  const units = unitsFromJSON(state.units, path);
  const frontEnd = buildFrontEnd(config);
  const declared = declareModel(config, units.size, { lossScaled: false, blank: units.blank });
  const secondsPerFrame = (declared.model.stride * frontEnd.frameShift) / frontEnd.sampleRate;
  return { config, units, frontEnd, declared, secondsPerFrame };
}

export function reportModel(checkpoint: Checkpoint): ModelReport {
  const { config, units, frontEnd, declared, secondsPerFrame } = describe(checkpoint);
  const { whole, block } = countParameters(declared);
  const trained = trainedDepths(config).map(({ depth }) => depth);
  const { decoder, config: sizes } = declared.model;
  const deepest = deepestOf(config);
  const layersAt = (depth: number): number => decoder?.scheduleFor(depth).length ?? 0;
  return {
    name: checkpoint.path,
    sampleRate: frontEnd.sampleRate,
    blocks: sizes.blocks,
    deepest,
    heads: config.model.heads,
    ...(decoder && {
      decoder: { heads: decoder.config.heads, layers: Array.from({ length: deepest }, (_, i) => layersAt(i + 1)) },
    }),
    classes: Array.from({ length: sizes.vocabulary }, (_, label) => className(label, units)),
    blank: units.blank,
    order: orderOf(config),
    trained,
    drawn: config.loss.middleDepths > 0 ? depthsBetween(trained, null) : [],
    parameters: whole,
    blockParameters: block,
    secondsPerFrame,
  };
}

/** Beyond the units there is only a decoder's end of a sentence. */
const className = (label: number, units: Units): string =>
  label === units.blank ? "∅" : label < units.size ? units.piece(label).text : "⏹";

/** The deepest path that the page runs: 12, or deeper if the model was trained so; of a checkpoint's own paths the last. */
export function deepestOf(config: TrainConfig): number {
  const order = orderOf(config);
  return isOwn(order) ? order.own.length : wantedDepth(config);
}

const wantedDepth = (config: TrainConfig): number =>
  Math.max(DEEPEST, config.model.blocks, ...config.unfold.depths, ...trainedDepths(config).map(({ depth }) => depth));

/** The order that training followed: a named one, or what the config makes of it, as deep as it reaches. */
export function orderOf(config: TrainConfig): Order {
  const { order, shallow, repeatable } = config.unfold;
  if (typeof order === "string" && shallow === "first" && repeatable === null) return order;
  const own: DepthSchedule[] = [];
  const most = typeof order === "string" ? wantedDepth(config) : order.length;
  try {
    while (own.length < most) own.push(depthSchedule(order, config.model.blocks, own.length + 1, shallow, repeatable));
  } catch (error) {
    if (!(error instanceof UserError)) throw error; // deeper than `repeatable` reaches
  }
  return { own };
}
