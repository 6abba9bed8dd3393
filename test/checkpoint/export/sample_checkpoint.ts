import { join } from "node:path";
import type { Device } from "../../../engine/device.ts";
import { normal, uniform } from "../../../engine/random.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { type Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { loadCheckpoint, saveCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { plainConfig, type TrainConfig } from "../../../config/config.ts";
import { smallConfig, smallModel } from "../../train/small_model.ts";

export const BINS = 10;

/**
 * A checkpoint as training leaves it, optimiser state included, of a small model whose norms and running statistics are far
 * from those it starts with, so that one mistaken for another shows.
 */
export async function sampleCheckpoint(
  device: Device,
  folder: string,
  ...sets: string[]
): Promise<{ checkpoint: Checkpoint; config: TrainConfig }> {
  const config = smallConfig(...sets);
  const { parameters } = smallModel(device, config, true);
  for (const [i, [name, { values }]] of [...(await parameters.read("values"))].entries()) {
    if (/norm|bias/u.test(name))
      parameters.write(
        name,
        Float32Array.from(values, (value, at) => value + 0.5 * (uniform(i, at) - 0.5)),
      );
  }
  const file = join(folder, `model ${sets.join(" ").replace(/[^\w]+/gu, "_")}.safetensors`);
  const cmvn = {
    frames: 100,
    mean: Array.from({ length: BINS }, (_, i) => 10 + normal(1, i)),
    variance: Array.from({ length: BINS }, (_, i) => 1 + uniform(2, i)),
  };
  const state = {
    format: "unfold-checkpoint/1",
    config: plainConfig(config),
    units: CharacterUnits.fromTexts(["abcd "]).toJSON(),
    cmvn,
    step: 7,
    seconds: 1,
    sampler: { epoch: 0, batch: 1 },
    best: { wer: 0.25, step: 7 },
  } as const;
  await saveCheckpoint(file, parameters, state, { moments: true });
  parameters.release();
  return { checkpoint: loadCheckpoint(file), config };
}

/** Log-mel features before normalisation, `[frames, bins]`. */
export const sampleFeatures = (frames: number, key: number) => ({
  frames,
  bins: BINS,
  values: Float32Array.from({ length: frames * BINS }, (_, i) => 10 + 1.5 * normal(key, i)),
});
