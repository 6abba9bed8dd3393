/**
 * Forward pass of wav2vec 2.0 at its published sizes, with random weights: measures time and memory, and with --folder
 * writes the weights, the input and the logits for `torch_forward.py`, which computes the same in PyTorch.
 *
 *     node --import ./scripts/typescript_loader.mjs bench/wav2vec2/forward.ts base --folder runs/wav2vec2-base --json runs/forward.json
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDevice, type Device } from "../../engine/device.ts";
import { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { wav2vec2Defaults, type Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import { Wav2Vec2Ctc } from "../../model/wav2vec2/wav2vec2_ctc.ts";
import { modelConfigJson } from "../../checkpoint/hugging_face/config_json.ts";
import { safetensorsPieces, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { medianTimes } from "./median_times.ts";

const MODELS: Readonly<Record<string, Wav2Vec2Config>> = {
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
const SAMPLE_RATE = 16000;

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    folder: { type: "string" },
    json: { type: "string" },
  },
});
const size = positionals[0] ?? "base";
const config = MODELS[size];
if (!config) throw new Error(`${size} is not a size, expected ${Object.keys(MODELS).join(" or ")}`);

const device = await openDevice();
const { model, parameters, seconds: drawing } = build(device, config);
const samples = Math.round(Number(options.seconds) * SAMPLE_RATE);
const waveform = Float32Array.from({ length: samples }, (_, i) => normal(7, i));
let logits = new Float32Array();
const times = await medianTimes(Number(options.rounds), async () => {
  const tape = new Tape(device, { grad: false });
  const output = model.forward(tape, tape.upload(waveform, [1, samples, 1]), [samples], [blocksInOrder(config)]);
  logits = (await read(device, output.logits[0]!)) as Float32Array<ArrayBuffer>;
  tape.end();
});
const weightBytes = parameters.bytes;
const { peakBytes } = device.pool.statistics;
const report = {
  model: `wav2vec2 ${size}`,
  parameters: parameters.count,
  audioSeconds: samples / SAMPLE_RATE,
  adapter: device.info.name,
  driver: device.info.description,
  date: new Date().toISOString().slice(0, 10),
  command: `bench/wav2vec2/forward.ts ${size} --seconds ${options.seconds} --rounds ${options.rounds}`,
  firstForwardSeconds: times.first,
  forwardSeconds: times.median,
  forwardSpread: times.spread,
  deviceBytes: { weights: weightBytes, activations: peakBytes - weightBytes, peak: peakBytes },
  hostPeakBytes: process.resourceUsage().maxRSS * 1024,
  drawingSeconds: drawing,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options.folder !== undefined) await writeForTorch(options.folder, config, parameters);
parameters.release();
process.exit(0);

function blocksInOrder({ blocks }: Wav2Vec2Config): number[] {
  return Array.from({ length: blocks }, (_, block) => block);
}

function build(on: Device, of: Wav2Vec2Config) {
  const started = performance.now();
  const declared = new Parameters();
  const built = new Wav2Vec2Ctc(declared, of);
  declared.seal(on, { seed: 1, optimizer: false });
  return { model: built, parameters: declared, seconds: (performance.now() - started) / 1000 };
}

/** Writes the model in Hugging Face layout, the waveform and the logits. */
async function writeForTorch(folder: string, of: Wav2Vec2Config, weights: Parameters): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const tensors = new Map<string, SafeTensor>();
  for (const [name, { shape, values }] of await weights.read("values"))
    tensors.set(name, { dtype: "F32", shape, values: values as Float32Array<ArrayBuffer> });
  writeAtomically(join(folder, "model.safetensors"), safetensorsPieces(tensors, { format: "pt" }));
  writeFileSync(join(folder, "config.json"), `${JSON.stringify(modelConfigJson(of, null), null, 2)}\n`);
  const frames = logits.length / of.vocabulary;
  const io = {
    waveform: { dtype: "F32", shape: [1, samples], values: waveform },
    logits: { dtype: "F32", shape: [1, frames, of.vocabulary], values: logits },
  } as const;
  writeAtomically(join(folder, "forward.safetensors"), safetensorsPieces(io));
}
