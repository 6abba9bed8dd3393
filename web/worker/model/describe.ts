import { declareModel, type BuiltModel } from "../../../checkpoint/build_model.ts";
import type { Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { restoreConfig, type TrainConfig } from "../../../config/config.ts";
import { depthsBetween, scheduleOf, trainedDepths } from "../../../config/depths.ts";
import { buildFrontEnd } from "../../../config/front_end.ts";
import type { FrontEnd } from "../../../model/features/front_end.ts";
import { countParameters } from "../../../model/parameter_counts.ts";
import { unitsFromJSON } from "../../../model/units/restore.ts";
import type { Units } from "../../../model/units/units.ts";
import { DEEPEST, type ModelReport, type Order } from "../../protocol.ts";

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

/** The deepest path that the page runs: 12, or deeper if the model was trained so; of an explicit list its whole length. */
export function deepestOf(config: TrainConfig): number {
  const { order, depths } = config.unfold;
  if (typeof order !== "string") return order.length;
  return Math.max(DEEPEST, config.model.blocks, ...depths, ...trainedDepths(config).map(({ depth }) => depth));
}

function orderOf(config: TrainConfig): Order {
  const { order, shallow, repeatable } = config.unfold;
  if (typeof order === "string" && shallow === "first" && repeatable === null) return order;
  return { own: Array.from({ length: deepestOf(config) }, (_, i) => scheduleOf(config, i + 1)) };
}
