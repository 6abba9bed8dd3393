import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { readLater } from "../../engine/transfer.ts";
import { wav2vec2Defaults, type Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import { Wav2Vec2Ctc } from "../../model/wav2vec2/wav2vec2_ctc.ts";
import { modelConfigJson } from "../../checkpoint/hugging_face/config_json.ts";
import { safetensorsPieces, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";

/** wav2vec 2.0 at its published sizes, with 32 output classes. */
export const MODELS: Readonly<Record<string, Wav2Vec2Config>> = {
  base: { ...wav2vec2Defaults, vocabulary: 32, blank: 0 },
  large: {
    ...wav2vec2Defaults,
    vocabulary: 32,
    blank: 0,
    dim: 1024,
    heads: 16,
    feedForwardDim: 4096,
    blocks: 24,
    featureNorm: "layer",
    convBias: true,
    normFirst: true,
    attentionMask: true,
  },
};

export const SAMPLE_RATE = 16000;

/** A model of random weights, and a waveform of noise for it. */
export interface RandomModel {
  readonly parameters: Parameters;
  /** Seconds that drawing the weights took. */
  readonly drawing: number;
  readonly samples: number;
  /** Dispatches one forward pass; the result arrives once the device has finished. `[frames, 32]` */
  forward(): Promise<Float32Array>;
  /** Dispatches one forward pass and reads nothing. */
  run(): void;
  /** Writes the model in the layout of Hugging Face, and the waveform and these logits in `forward.safetensors`. */
  write(folder: string, logits: Float32Array): Promise<void>;
}

/** @param seconds of sound */
export function randomModel(device: Device, config: Wav2Vec2Config, seconds: number): RandomModel {
  const started = performance.now();
  const parameters = new Parameters();
  const model = new Wav2Vec2Ctc(parameters, config);
  parameters.seal(device, { seed: 1, optimizer: false });
  const drawing = (performance.now() - started) / 1000;
  const samples = Math.round(seconds * SAMPLE_RATE);
  const waveform = Float32Array.from({ length: samples }, (_, i) => normal(7, i));
  const path = Array.from({ length: config.blocks }, (_, block) => block);
  const onTape = <T>(use: (logits: ReturnType<typeof model.forward>["logits"][number]) => T): T => {
    const tape = new Tape(device, { grad: false });
    const { logits } = model.forward(tape, tape.upload(waveform, [1, samples, 1]), [samples], [path]);
    const result = use(logits[0]!);
    tape.end();
    return result;
  };
  return {
    parameters,
    drawing,
    samples,
    forward: () => onTape((logits) => readLater(device, logits)) as Promise<Float32Array>,
    run: () => onTape(() => {}),
    async write(folder, logits) {
      mkdirSync(folder, { recursive: true });
      const tensors = new Map<string, SafeTensor>();
      for (const [name, { shape, values }] of await parameters.read("values"))
        tensors.set(name, { dtype: "F32", shape, values: values as Float32Array<ArrayBuffer> });
      writeAtomically(join(folder, "model.safetensors"), safetensorsPieces(tensors, { format: "pt" }));
      writeFileSync(join(folder, "config.json"), `${JSON.stringify(modelConfigJson(config, null), null, 2)}\n`);
      const shape = [1, logits.length / config.vocabulary, config.vocabulary];
      const io = {
        waveform: { dtype: "F32", shape: [1, samples], values: waveform },
        logits: { dtype: "F32", shape, values: new Float32Array(logits) },
      } as const;
      writeAtomically(join(folder, "forward.safetensors"), safetensorsPieces(io));
    },
  };
}
