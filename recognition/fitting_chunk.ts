import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import type { Recogniser } from "./recogniser.ts";
import type { DepthPath } from "../config/depths.ts";
import { planInference } from "./memory.ts";

/** Seconds. Attention grows with the square of a chunk's length, and more surroundings hardly help. */
const [LONGEST, SHORTEST] = [30, 2];

/** Seconds of features in a batch of chunks. The first layer of waveforms alone has more values than a Conformer: there, one chunk. */
const BATCH_SECONDS = 120;

/**
 * Seconds of the longest chunk that the device can recognise: 30, halved as long as some tensor of the forward pass is larger than
 * what it binds at once. Software drivers bind 128 MiB: 20 seconds in the first convolution of wav2vec 2.0.
 */
export function fittingChunk(device: Device, recogniser: Recogniser, path: DepthPath): number {
  let seconds = LONGEST;
  while (seconds > SHORTEST && !fits(device, recogniser, path, seconds, 1)) seconds /= 2;
  return seconds;
}

/** How many chunks, or whole files, of so many seconds go through the model together. */
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
