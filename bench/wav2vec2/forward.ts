/**
 * Forward pass of wav2vec 2.0 at its published sizes, with random weights: measures time and memory, and with --folder
 * writes the weights, the input and the logits for `torch_forward.py`, which computes the same in PyTorch.
 *
 *     node --import ./scripts/typescript_loader.mjs bench/wav2vec2/forward.ts base --folder runs/wav2vec2-base --json runs/forward.json
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openDevice } from "../../engine/device.ts";
import { medianTimes } from "./median_times.ts";
import { MODELS, randomModel, SAMPLE_RATE } from "./random_model.ts";

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
const model = randomModel(device, config, Number(options.seconds));
let logits = new Float32Array();
const times = await medianTimes(Number(options.rounds), async () => {
  const read = model.forward();
  await device.finish();
  logits = (await read) as Float32Array<ArrayBuffer>;
});
const weightBytes = model.parameters.bytes;
const { peakBytes } = device.pool.statistics;
const report = {
  model: `wav2vec2 ${size}`,
  parameters: model.parameters.count,
  audioSeconds: model.samples / SAMPLE_RATE,
  adapter: device.info.name,
  driver: device.info.description,
  date: new Date().toISOString().slice(0, 10),
  command: `bench/wav2vec2/forward.ts ${size} --seconds ${options.seconds} --rounds ${options.rounds}`,
  firstForwardSeconds: times.first,
  forwardSeconds: times.median,
  forwardSpread: times.spread,
  deviceBytes: { weights: weightBytes, activations: peakBytes - weightBytes, peak: peakBytes },
  hostPeakBytes: process.resourceUsage().maxRSS * 1024,
  drawingSeconds: model.drawing,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options.folder !== undefined) await model.write(options.folder, logits);
model.parameters.release();
process.exit(0);
