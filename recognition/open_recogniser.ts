import type { Device } from "../engine/device.ts";
import { loadCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { recogniserOf, type Recogniser } from "./recogniser.ts";

/** Loads a checkpoint file or a run folder. Throws UserError if it is not a checkpoint or has no output layer. */
export function openRecogniser(device: Device, path: string): Recogniser {
  const checkpoint = loadCheckpoint(path);
  try {
    return recogniserOf(device, checkpoint);
  } finally {
    checkpoint.close();
  }
}
