import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { uniform } from "../../engine/random.ts";
import { buildModel, type BuiltModel } from "../../checkpoint/build_model.ts";
import { type TrainConfig } from "../../config/config.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";

/** A config as a user would write it, of a model of a few thousand parameters with 10 mel bins. */
export function smallConfig(...sets: string[]): TrainConfig {
  const folder = mkdtempSync(join(tmpdir(), "unfold-config-"));
  const file = join(folder, "config.yaml");
  writeFileSync(
    file,
    `data: { train: a.jsonl, dev: b.jsonl }
features: { bins: 10 }
model: { dim: 16, heads: 2, blocks: 2, feed_forward_dim: 16, conv_kernel: 3, subsampling_channels: 4 }
unfold: { depths: [2, 4] }
`,
  );
  try {
    return loadConfig(file, sets);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Its model, for 5 characters. */
export const smallModel = (device: Device, config: TrainConfig = smallConfig(), optimizer = false): BuiltModel =>
  buildModel(device, config, 6, { optimizer, blank: 0 });

/** Outputs of a new model hardly differ. Weights drawn within +-`bound` give every utterance a text of its own. */
export function withLargeWeights(built: BuiltModel, bound: number): BuiltModel {
  for (const { name, tensor, decay } of built.parameters.all)
    if (decay)
      built.parameters.write(
        name,
        Float32Array.from({ length: tensor.size }, (_, i) => bound * (2 * uniform(9, name.length, i) - 1)),
      );
  return built;
}
