// Exports one training step of a benchmark configuration for another implementation to repeat: weights, batch, loss and
// gradients in a safetensors file. The loss is without dropout, since no two implementations draw the same random
// numbers.
//
//     node export_step.js conformer-12x256 step.safetensors
import { writeFileSync } from "node:fs";
import { openDevice } from "../../engine/device.ts";
import { Tape } from "../../engine/tape.ts";
import { type Tensor } from "../../engine/tensor.ts";
import { read } from "../../engine/transfer.ts";
import { buildModel } from "../../checkpoint/build_model.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { serialiseSafetensors, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { trainingStep } from "../../train/training_step.ts";
import { randomBatch } from "../step_batch.ts";
import { stepConfigurations, trainConfigOf } from "../step_configurations.ts";

const [name, path] = process.argv.slice(2);
const configuration = stepConfigurations.find((one) => one.name === name);
if (!configuration || path === undefined)
  throw new Error(`usage: export_step.ts <${stepConfigurations.map((one) => one.name).join(" | ")}> <file>`);

const config = trainConfigOf(configuration);
const without = { ...config, model: { ...config.model, dropout: 0 } };
const device = await openDevice();
const built = buildModel(device, without, configuration.vocabulary, { optimizer: true, blank: 0 });
const batch = randomBatch(device, configuration, config);
const paths = trainingPaths(config, 0);

const tape = new Tape(device);
const { loss } = trainingStep(tape, built, batch, paths, without, undefined);
const tensors: Record<string, SafeTensor> = {
  loss: await hostTensor(loss as Tensor),
  features: await hostTensor(batch.features),
  targets: await hostTensor(batch.targets),
  target_lengths: await hostTensor(batch.targetLengths),
  lengths: { dtype: "I32", shape: [batch.lengths.length], values: Int32Array.from(batch.lengths) },
};
tape.end();
for (const flat of ["values", "grads"] as const)
  for (const [parameter, { shape, values }] of await built.parameters.read(flat))
    tensors[`${flat}.${parameter}`] = { dtype: "F32", shape, values: new Float32Array(values) };
const { model, optimizer, loss: joint } = config;
const settings = {
  name,
  model,
  optimizer,
  joint,
  inputDim: built.model.config.inputDim,
  vocabulary: configuration.vocabulary,
  schedules: paths.map(({ schedule }) => schedule),
};
writeFileSync(path, serialiseSafetensors(tensors, { settings: JSON.stringify(settings) }));
process.stdout.write(
  `${name}: a step on ${device.info.name}, loss ${String((tensors.loss as SafeTensor).values[0])}, in ${path}\n`,
);
device.close();

async function hostTensor(x: Tensor): Promise<SafeTensor> {
  const values = await read(device, x);
  return values instanceof Float32Array
    ? { dtype: "F32", shape: x.shape, values: new Float32Array(values) }
    : { dtype: "I32", shape: x.shape, values: Int32Array.from(values) };
}
