import type { Device } from "../../engine/device.ts";
import { hash, normal } from "../../engine/random.ts";
import { release } from "../../engine/tensor.ts";
import { tensor } from "../../engine/transfer.ts";
import type { TrainConfig } from "../../config/config.ts";
import { padBatch } from "../../data/batches/batch.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { decoderTokens } from "../../model/decoder/decoder_tokens.ts";
import type { DeviceBatch } from "../../train/training_step.ts";
import type { StepConfiguration } from "./configurations.ts";

export interface RandomBatch extends DeviceBatch {
  /** Feature frames of each utterance; none is padded. */
  readonly frames: number;
  release(): void;
}

/** A training batch of noise with random labels that stays on the device for any number of steps. */
export function randomBatch(
  device: Device,
  { batch, vocabulary }: StepConfiguration,
  config: TrainConfig,
): RandomBatch {
  const { bins, sampleRate, frameCount } = buildFrontEnd(config);
  const frames = frameCount(batch.seconds * sampleRate);
  const decodes = config.model.kind === "conformer" && config.model.decoder !== null;
  const pairs = Math.floor((vocabulary - 1) / 2);
  const utterances = Array.from({ length: batch.size }, (_, item) => ({
    frames,
    features: Float32Array.from({ length: frames * bins }, (_, i) => normal(item, i)),
    // Class 0 is the blank. Neighbours differ, as a repeated label would need an extra frame.
    labels: Int32Array.from({ length: batch.labels }, (_, i) => 1 + (i % 2) + 2 * (hash(item, i) % pairs)),
  }));
  const host = padBatch(utterances, bins);
  const tensors = {
    features: tensor(device, host.features, [batch.size, frames, bins]),
    targets: tensor(device, host.targets, [batch.size, host.maxLabels]),
    targetLengths: tensor(device, host.targetLengths, [batch.size]),
  };
  const decoded = decodes ? decoderTokens(host.targets, host.targetLengths, vocabulary) : undefined;
  const tokens = decoded && {
    inputs: tensor(device, decoded.inputs, [batch.size, host.maxLabels + 1]),
    outputs: tensor(device, decoded.outputs, [batch.size, host.maxLabels + 1]),
    lengths: tensor(device, decoded.lengths, [batch.size]),
  };
  return {
    ...tensors,
    tokens,
    lengths: [...host.lengths],
    frames,
    release: () => [...Object.values(tensors), ...Object.values(tokens ?? {})].forEach(release),
  };
}
