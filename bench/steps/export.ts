import { writeFileSync } from "node:fs";
import type { Device } from "../../engine/device.ts";
import { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { read } from "../../engine/transfer.ts";
import { buildModel } from "../../checkpoint/build_model.ts";
import { serialiseSafetensors, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { trainingStep } from "../../train/training_step.ts";
import { randomBatch } from "./batch.ts";
import { trainConfigOf, type StepConfiguration } from "./configurations.ts";

/**
 * Writes one training step for another implementation to repeat: weights, batch, loss and gradients in a safetensors file. The
 * loss is without dropout, since no two implementations draw the same random numbers.
 *
 * @returns the loss
 */
export async function exportStep(device: Device, configuration: StepConfiguration, path: string): Promise<number> {
  const config = trainConfigOf(configuration);
  const built = buildModel(device, config, configuration.vocabulary, { optimizer: true, blank: 0 });
  const batch = randomBatch(device, configuration, config);
  const paths = trainingPaths(config, 0);
  const tape = new Tape(device, { training: false });
  const { loss } = trainingStep(tape, built, batch, paths, config, undefined);
  const tensors: Record<string, SafeTensor> = {
    loss: await hostTensor(device, loss as Tensor),
    features: await hostTensor(device, batch.features),
    targets: await hostTensor(device, batch.targets),
    target_lengths: await hostTensor(device, batch.targetLengths),
    lengths: { dtype: "I32", shape: [batch.lengths.length], values: Int32Array.from(batch.lengths) },
  };
  if (batch.tokens) {
    tensors.tokens = await hostTensor(device, batch.tokens.inputs);
    tensors.next_tokens = await hostTensor(device, batch.tokens.outputs);
  }
  tape.end();
  batch.release();
  for (const flat of ["values", "grads"] as const)
    for (const [parameter, { shape, values }] of await built.parameters.read(flat))
      tensors[`${flat}.${parameter}`] = { dtype: "F32", shape, values: new Float32Array(values) };
  const { model, optimizer, loss: joint } = config;
  const settings = {
    name: configuration.name,
    model,
    optimizer,
    joint,
    inputDim: built.model.config.inputDim,
    vocabulary: built.model.config.vocabulary,
    schedules: paths.map(({ schedule }) => schedule),
  };
  writeFileSync(path, serialiseSafetensors(tensors, { settings: JSON.stringify(settings) }));
  return Number((tensors.loss as SafeTensor).values[0]);
}

async function hostTensor(device: Device, x: Tensor): Promise<SafeTensor> {
  const values = await read(device, x);
  return values instanceof Float32Array
    ? { dtype: "F32", shape: x.shape, values: new Float32Array(values) }
    : { dtype: "I32", shape: x.shape, values: Int32Array.from(values) };
}
