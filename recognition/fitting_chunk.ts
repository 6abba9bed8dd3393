import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import type { Recogniser } from "./recogniser.ts";
import type { DepthPath } from "../config/depths.ts";
import { planInference } from "./memory.ts";

/** Chunk lengths in seconds. Attention grows with the square of a chunk's length, and more context hardly helps. */
const [LONGEST, SHORTEST] = [30, 2];

/**
 * Seconds of audio in a batch of chunks, for models on features. For models on waveforms, whose first layer alone has
 * more values than a Conformer, a batch is one chunk.
 */
const BATCH_SECONDS = 120;

/**
 * Length in seconds of the longest chunk that the device can recognise: 30, halved while any tensor of the forward pass
 * exceeds the device's binding limit. Software drivers bind 128 MiB: 20 seconds in the first convolution of wav2vec
 * 2.0.
 */
export function fittingChunk(device: Device, recogniser: Recogniser, path: DepthPath): number {
  let seconds = LONGEST;
  while (seconds > SHORTEST && !fits(device, recogniser, path, seconds, 1)) seconds /= 2;
  return seconds;
}

/** Number of chunks, or whole files, of a given length in seconds that go through the model together. */
export function chunksAtOnce(device: Device, recogniser: Recogniser, path: DepthPath, seconds: number): number {
  let count = recogniser.model.config.inputDim === 1 ? 1 : Math.max(1, Math.floor(BATCH_SECONDS / seconds));
  while (count > 1 && !fits(device, recogniser, path, seconds, count)) count = Math.floor(count / 2);
  return count;
}

function fits(
  device: Device,
  { config, frontEnd, units }: Recogniser,
  path: DepthPath,
  seconds: number,
  size: number,
): boolean {
  try {
    planInference(
      device,
      config,
      units.size,
      { size, frames: frontEnd.frameCount(Math.floor(seconds * frontEnd.sampleRate)), labels: 0 },
      path,
    );
    return true;
  } catch (error) {
    if (error instanceof RunError) return false;
    throw error;
  }
}
