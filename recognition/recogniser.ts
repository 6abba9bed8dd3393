import type { Device } from "../engine/device.ts";
import type { Cmvn } from "../model/features/cmvn.ts";
import type { FrontEnd } from "../model/features/front_end.ts";
import { unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import { buildModel, type BuiltModel } from "../checkpoint/build_model.ts";
import { restoreConfig, type TrainConfig } from "../config/config.ts";
import { buildFrontEnd, restoreCmvn } from "../config/front_end.ts";
import { restoreParameters, type Checkpoint, expectHead } from "../checkpoint/checkpoint.ts";

/** A trained model, with everything needed to recognise speech. */
export interface Recogniser extends BuiltModel {
  readonly checkpoint: Checkpoint;
  readonly config: TrainConfig;
  readonly units: Units;
  readonly frontEnd: FrontEnd;
  /** Null if the front end uses none. */
  readonly cmvn: Cmvn | null;
}

/**
 * Builds the model of a checkpoint and loads its weights. Throws UserError if the checkpoint has no output layer, or
 * does not fit its own config.
 */
export function recogniserOf(device: Device, checkpoint: Checkpoint): Recogniser {
  const { state, path } = checkpoint;
  const config = restoreConfig(state.config, path);
  const units = unitsFromJSON(state.units, path);
  const built = buildModel(device, config, units.size, { optimizer: false, blank: units.blank, restored: true });
  expectHead(checkpoint, built);
  restoreParameters(checkpoint, built.parameters, { moments: false });
  const cmvn = restoreCmvn(state.cmvn, config, path);
  return { ...built, checkpoint, config, units, frontEnd: buildFrontEnd(config), cmvn };
}
