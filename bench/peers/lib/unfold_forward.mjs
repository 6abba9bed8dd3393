// unfold's forward pass of a foundation model, which PyTorch repeats: both with the same random weights, on the same sound.
import { MODELS, randomModel } from "../../../dist/bench/wav2vec2/random_model.js";

const SECONDS = 10;

/**
 * @param {import("../../../dist/index.js").Device} device
 * @param {string} size
 * @param {string} folder gets the model, the sound and the logits
 * @returns {Promise<import("./measure.mjs").Prepared>}
 */
export async function prepareForward(device, size, folder) {
  const model = randomModel(device, MODELS[size], SECONDS);
  const logits = model.forward();
  await device.finish();
  await model.write(folder, await logits);
  return { call: () => model.run(), finish: () => device.finish() };
}
