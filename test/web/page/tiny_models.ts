import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel } from "../../../checkpoint/build_model.ts";
import { saveCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { plainConfig } from "../../../config/config.ts";
import { openDevice } from "../../../engine/device.ts";
import { normal } from "../../../engine/random.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";

/** Deviation of the weights: outputs of a new model hardly differ. */
const LARGE = 1;

const DATA = "data: { train: a.jsonl, dev: b.jsonl, sample_rate: 16000 }";
const CONFORMER = "dim: 16, heads: 2, feed_forward_dim: 16, conv_kernel: 3, subsampling_channels: 4";

/** Models of a few thousand random weights, which say something else of every sound and at every depth. */
export const CONFIGS = {
  conformer: `${DATA}
features: { bins: 10 }
model: { ${CONFORMER}, blocks: 3 }
unfold: { order: cycle, depths: [3, 14] }
`,
  hybrid: `${DATA}
features: { bins: 10 }
model: { ${CONFORMER}, blocks: 2, decoder: { blocks: 2, heads: 4, feed_forward_dim: 16 } }
unfold: { depths: [2, 4] }
`,
  wav2vec2: `${DATA}
features: { kind: waveform, normalise: true }
model: { kind: wav2vec2, dim: 16, heads: 2, feed_forward_dim: 16, blocks: 2, conv_dims: [8, 8, 8, 8, 8, 8, 8],
  conv_kernels: [10, 3, 3, 3, 3, 2, 2], conv_strides: [5, 2, 2, 2, 2, 2, 2], norm_first: true, positional_kernel: 4, positional_groups: 2 }
unfold: { depths: [2, 4] }
`,
} as const;

/** Writes such a checkpoint as training does, and returns its path. */
export async function tinyModel(folder: string, kind: keyof typeof CONFIGS): Promise<string> {
  const yaml = join(folder, `${kind}.yaml`);
  writeFileSync(yaml, CONFIGS[kind]);
  const config = loadConfig(yaml);
  const units = CharacterUnits.fromTexts(["abcd "]);
  const device = await openDevice();
  const built = buildModel(device, config, units.size, { optimizer: true, blank: units.blank });
  for (const [n, { name, tensor, decay }] of built.parameters.all.entries())
    if (decay)
      built.parameters.write(
        name,
        Float32Array.from({ length: tensor.size }, (_, i) => LARGE * normal(n, i)),
      );
  const path = join(folder, `${kind} run.safetensors`);
  const cmvn = {
    frames: 9,
    mean: Array.from({ length: 10 }, (_, i) => -9 + normal(1, i)),
    variance: new Array(10).fill(9),
  };
  await saveCheckpoint(
    path,
    built.parameters,
    {
      format: "unfold-checkpoint/1",
      config: plainConfig(config),
      units: units.toJSON(),
      cmvn: kind === "wav2vec2" ? null : cmvn,
      step: 7,
      seconds: 1,
      sampler: { epoch: 0, batch: 1 },
      best: null,
    },
    { moments: true },
  );
  device.close();
  return path;
}
