import type { Device } from "../../../engine/device.ts";
import { dryDevice } from "../../../engine/dry_device.ts";
import { RunError } from "../../../engine/errors.ts";
import { Tape } from "../../../engine/tape.ts";
import { logSoftmax } from "../../../kernels/softmax/softmax.ts";
import { buildModel } from "../../../checkpoint/build_model.ts";
import { expectHead, type Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { expectTensors } from "../../../checkpoint/safetensors/expect_tensors.ts";
import { restoreCmvn } from "../../../config/front_end.ts";
import { hasOwnNorms } from "../../../config/depths.ts";
import { PLANNED_SECONDS, type ModelPlan, type PlannedMemory } from "../../protocol.ts";
import { allPaths } from "../paths.ts";
import { deepestOf, describe, orderOf, type Described } from "./describe.ts";

const KINDS = {
  conformer: "Conformer with CTC",
  wav2vec2: "wav2vec 2.0 with CTC",
  hubert: "HuBERT with CTC",
  wav2vec2_conformer: "wav2vec 2.0 Conformer with CTC",
} as const;

/**
 * What a checkpoint is, and what running it would take, from its header alone.
 *
 * @param device without one, memory is not planned and the model is refused
 * @throws UserError if the checkpoint is damaged or has no output layer
 */
export function planModel(checkpoint: Checkpoint, fileBytes: number, device: Device | undefined): ModelPlan {
  const described = describe(checkpoint);
  const { config, units, frontEnd, declared, secondsPerFrame } = described;
  const { model, parameters } = declared;
  expectHead(checkpoint, declared);
  expectTensors(checkpoint, parameters.savedShapes);
  restoreCmvn(checkpoint.state.cmvn, config, checkpoint.path); // throws if it is invalid
  const values = [...parameters.savedShapes.values()].map((shape) => shape.reduce((size, n) => size * n, 1));
  return {
    name: checkpoint.path,
    kind: model.decoder ? "hybrid: Conformer with CTC and an attention decoder" : KINDS[config.model.kind],
    parameters: parameters.count,
    fileBytes,
    weightBytes: 4 * values.reduce((sum, count) => sum + count, 0),
    blocks: model.config.blocks,
    deepest: deepestOf(config),
    classes: units.size,
    sampleRate: frontEnd.sampleRate,
    stride: model.stride,
    secondsPerFrame,
    ...planOn(device, described),
  };
}

function planOn(device: Device | undefined, described: Described): Pick<ModelPlan, "memory" | "refusal"> {
  if (hasOwnNorms(described.config.model))
    return { refusal: "its norms belong to the trained depths only, and the page runs every depth" };
  if (!device) return { refusal: "it needs WebGPU: see Device" };
  try {
    return { memory: planMemory(device, described), refusal: null };
  } catch (error) {
    if (error instanceof RunError) return { refusal: `it is too large for this device: ${error.message}` };
    throw error;
  }
}

/** Encodes what the page will run on a device that computes nothing. Throws RunError if a tensor is too large for the real one. */
function planMemory(device: Device, { config, units, frontEnd }: Described): PlannedMemory {
  const dry = dryDevice(device);
  const { model } = buildModel(dry, config, units.size, { optimizer: false, blank: units.blank, restored: true });
  const held = dry.pool.statistics.liveBytes;
  const frames = frontEnd.frameCount(PLANNED_SECONDS * frontEnd.sampleRate);
  const schedules = allPaths(orderOf(config), model.config.blocks, deepestOf(config));
  const { inputDim } = model.config;
  let largest = 4 * frames * inputDim;
  const tape = new Tape(dry, {
    grad: false,
    onResult: (_operation, { size }) => void (largest = Math.max(largest, 4 * size)),
  });
  const input = tape.upload(new Float32Array(frames * inputDim), [1, frames, inputDim]);
  const { logits } = model.forward(tape, input, [frames], schedules, { onState: () => undefined });
  for (const path of logits) logSoftmax(tape, path);
  tape.end();
  return { activations: dry.pool.statistics.peakBytes - held, largest };
}
